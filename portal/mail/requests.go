package mail

// writeAccessRequest tells the company's first payer. What a stranger typed is an address and nothing more: a name would be a place for a message.
func (wr writer) writeAccessRequest(w *words) {
	w.Subject, w.Lead, w.Terms, w.For = wr.asked(wr.Asked.Subject), wr.asked(wr.Asked.Lead), wr.asked(wr.Asked.Terms), wr.asked(wr.Asked.Why)
	w.Preview = w.Lead
}

// writeAccessRequestTenant tells the tenant, who decides.
func (wr writer) writeAccessRequestTenant(w *words) {
	w.Subject, w.Lead, w.Terms, w.For = wr.asked(wr.Asked.Subject), wr.asked(wr.Asked.Lead), wr.asked(wr.Asked.TenantTerms), wr.asked(wr.Asked.TenantWhy)
	w.Preview = w.Lead
}

func (wr writer) asked(sentence string) string {
	return fill(wr.say(sentence), "email", wr.value(clean(wr.AskedFor, 254)))
}
