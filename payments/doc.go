// Package payments is what a tenant bills and what its clients pay: it creates, sends and voids invoices, and records the payments that
// settle them. It decides; the SQL that keeps its decisions is in paymentsdb, and the arithmetic in payments/ledger.
//
// It refuses to change what a client has received, to take more than an invoice has open, and to post an effect twice, however many ask at
// once: every decision is made on rows that the store holds locked.
//
//	invoices := payments.NewInvoices(store, time.Now)
//	inv, err := invoices.CreateInvoice(ctx, t, payments.NewInvoice{CompanyID: "com_…", Lines: []payments.NewLine{{Description: "Work", UnitAmount: 9000}}})
//	inv, err = invoices.Send(ctx, t, inv.ID)
//	_, err = invoices.RecordPayment(ctx, t, payments.NewPayment{Method: "Cheque 1042", Allocations: []ledger.Allocation{{InvoiceID: inv.ID, Amount: 9000}}})
package payments
