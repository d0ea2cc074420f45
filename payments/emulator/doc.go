// Package emulator is one stateful server that speaks Stripe's protocol, for development and for tests: form-encoded requests, JSON answers of API version
// 2023-10-16, keys, connected accounts, idempotency, errors, signed webhooks, the script that stands in for Stripe.js with its card fields, hosted pages
// for checkout, 3-D Secure and microdeposits, and a page for people. The production code runs against it unchanged; only addresses differ.
//
// It keeps what a processor keeps and moves it by a processor's rules: a confirmed intent cannot be cancelled, a token is used once, a bank debit takes days
// of the emulator's clock and may come back weeks later. It is told by script to fail: see core.Fault for answers and core.Rule for webhooks. What it
// captured is the truth that tests hold a ledger against: Captured.
//
// It refuses card numbers from programs, and of one that a person types into its own fields it keeps the brand, the last four digits and a fingerprint.
// It has no money, no network but the webhooks it sends, and no place in production.
//
//	emu := emulator.New(emulator.Config{Seed: 7})
//	acct := emu.AddAccount(emulator.Account{Currency: "usd"})
//	server := httptest.NewServer(emu.Handler())
//	// a stripe client with acct.SecretKey and server.URL; then
//	emu.Advance(5 * 24 * time.Hour)
//	emu.Captured(acct.ID)
package emulator
