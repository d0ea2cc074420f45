package api_test

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentsdb"
	"tollhouse/tenant"
	"tollhouse/tenant/seal"
)

// errNoProcessor is what an API without processors says of all credentials.
var errNoProcessor = errors.New("no processor here")

// eventsIn are the two halves of hearing a processor.
type eventsIn struct {
	*payments.Connections
	*payments.Service
}

// money is the payment machine on the bench's database.
func (b *bench) money(ring *seal.Ring) *payments.Service {
	b.t.Helper()
	store := paymentsdb.New(b.db.App, paymentsdb.Hooks{})
	connections, err := payments.NewConnections(payments.ConnectionsConfig{Store: store, Ring: ring, EventsURL: "https://api.portal.example/webhooks/",
		Log: slog.New(slog.NewTextHandler(b.log, nil)), Now: time.Now,
		Open: func(processor string, c payments.Credentials) (payments.Processor, error) {
			if b.opener == nil {
				return nil, errNoProcessor
			}
			return b.opener(processor, c)
		}})
	if err != nil {
		b.t.Fatal(err)
	}
	service, err := payments.New(payments.ServiceConfig{Store: store, Ring: ring, Now: time.Now,
		Open: func(ctx context.Context, t tenant.ID, c payments.Connection) (payments.Processor, error) {
			return connections.OpenConnection(ctx, t, c)
		}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.connections, b.service = connections, service
	return service
}
