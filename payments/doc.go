// Package payments is what a tenant bills and what its clients pay: it creates, sends and voids invoices, records the payments that settle them, and
// takes payments through processors. It decides; the SQL that keeps its decisions is in paymentsdb, and the arithmetic in payments/ledger.
//
// It refuses to change what a client has received, to take more than an invoice has open, and to post an effect twice, however many ask at
// once: every decision is made on rows that the store holds locked.
//
//	invoices := payments.NewInvoices(store, time.Now)
//	inv, err := invoices.CreateInvoice(ctx, t, payments.NewInvoice{CompanyID: "com_…", Lines: []payments.NewLine{{Description: "Work", UnitAmount: 9000}}})
//	inv, err = invoices.Send(ctx, t, inv.ID)
//	_, err = invoices.RecordPayment(ctx, t, payments.NewPayment{Method: "Cheque 1042", Allocations: []ledger.Allocation{{InvoiceID: inv.ID, Amount: 9000}}})
//
// A Service takes payments through a Processor. Each goes the same way: it is reserved on its invoices and written down in one transaction, then the
// processor is asked, outside of any, and then what that said is written in another. The status page, a processor's message, the schedule of Run and the night's
// comparison all end in the same place (judge), which moves the status by one table (status.go), posts the entries, numbers the receipt and tells
// the hooks, all under the payment's lock. An answer that is lost is Unknown: it keeps the invoice reserved until the processor's own word, and nothing else,
// releases it.
//
//	service, err := payments.New(payments.ServiceConfig{Store: store, Open: connections.OpenConnection, Ring: ring})
//	go service.Run(ctx)
//	p, err := service.Pay(ctx, t, payments.PayRequest{Nonce: nonce, CompanyID: "com_…", ContactID: "con_…", Session: session,
//		Items:  []payments.PayItem{{InvoiceID: inv.ID, Version: inv.Version}},
//		Source: "ctoken_…", Kind: payments.Card, ReturnURL: page})
package payments
