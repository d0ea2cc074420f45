package mail

func (wr writer) writeStepUp(w *words) {
	w.Subject, w.Lead, w.For = wr.say(wr.Codes.StepUpSubject), wr.say(wr.Codes.StepUpLead), wr.say(wr.Codes.StepUpWhy)
	wr.writeCode(w, wr.Codes.StepUpNotYou)
}

// writeEmailConfirm goes to an address that nobody has shown to be theirs, so it says nothing of whose it might be.
func (wr writer) writeEmailConfirm(w *words) {
	w.Subject, w.Lead, w.For = wr.say(wr.Codes.AddressSubject), wr.say(wr.Codes.AddressLead), wr.say(wr.Codes.AddressWhy)
	wr.writeCode(w, wr.Codes.AddressNotYou)
}

func (wr writer) writeCode(w *words, notYou string) {
	w.Code, w.CodeHint = wr.Code, wr.Codes.Hint
	w.Terms = fill(wr.Codes.Terms, "validity", wr.validity())
	w.Preview = w.Lead
	w.Terms = wr.join(w.Terms, wr.say(notYou))
}
