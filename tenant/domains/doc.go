// Package domains takes a custom host from a tenant's claim to a certificate that every node serves, and looks after it for ever: it says which
// records to set, sees when they are there, hands the host to the certificate schedule, and notices when the name no longer is the tenant's.
//
// It places no order itself and talks to no CA: a host whose status is served appears in the Directory, and the schedule issues for it. It
// never takes trouble of ours, a resolver or a database that does not answer, as evidence against a tenant, and when too many names turn
// bad at once it distrusts its resolvers and stops.
//
//	service, err := domains.New(domains.Config{Store: store, Doctor: doctor, Certificates: certificates, Edge: edgeDomain, Log: log})
//	view, created, err := service.Claim(ctx, tenantID, "billing.acme.com")
//	go service.Run(ctx)
package domains
