// Package domaindoctor answers one question before any certificate is ordered: would issuance succeed for this name, and if not, who has to
// change which record? It asks DNS through several resolvers that must agree, judges the name itself, the route to us, the proof of
// ownership, CAA (RFC 8659, RFC 8657) and DNSSEC, and lastly knocks at our own doors as a CA would.
//
// It decides nothing and changes nothing: it orders no certificate, keeps no state, and never takes an error of a resolver, or two that
// disagree, as evidence against a tenant: that is "unknown". Names and answers come from strangers, so all of it is bounded (hops, records,
// bytes, queries, time), and it connects to nothing but the given resolvers and the configured addresses of the gateway itself.
//
//	doctor, err := domaindoctor.New(domaindoctor.Config{Resolvers: resolvers, Targets: targets, CAs: []string{"letsencrypt.org"}})
//	report := doctor.Examine(ctx, host, domaindoctor.Proof{CNAMETarget: target, TXTToken: token})
//	if report.Verdict == domaindoctor.Ready { … order … }
package domaindoctor
