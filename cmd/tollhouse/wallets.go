package main

import (
	"context"
	"sync"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/paymentsdb"
	"tollhouse/tenant"
)

// walletHosts tells processors on which hosts wallets may be shown: all of a tenant's, as soon as it is connected, and new ones as this node hears of them. It asks
// again after a restart, which changes nothing. Where it fails wallets are not shown, and all else is as before.
type walletHosts struct {
	house       *house
	connections *payments.Connections
	store       *paymentsdb.Store

	mu   sync.Mutex
	told map[string]bool // connection and host
}

// walletTick is how often hosts are looked over, for those that came since; walletTime bounds all calls for one tenant.
const (
	walletTick = time.Hour
	walletTime = 30 * time.Second
)

func (h *house) walletHosts(connections *payments.Connections, store *paymentsdb.Store) *walletHosts {
	return &walletHosts{house: h, connections: connections, store: store, told: map[string]bool{}}
}

// registrar is a processor that wants to know the hosts.
type registrar interface {
	RegisterHost(ctx context.Context, host string) error
}

// Connect is payments.Connections' with the tenant's hosts told in the background: nobody waits for that.
func (k *cashier) Connect(ctx context.Context, t *tenant.Tenant, in payments.NewConnection) (payments.Connected, error) {
	made, err := k.Connections.Connect(ctx, t, in)
	if err == nil {
		go k.wallets.tell(context.WithoutCancel(ctx), t.ID, made.Connection)
	}
	return made, err
}

// Run follows payments, and tells processors of new hosts, until ctx ends.
func (k *cashier) Run(ctx context.Context) error {
	go func() {
		for rested(ctx, walletTick) {
			k.wallets.tellAll(ctx)
		}
	}()
	return k.Service.Run(ctx)
}

// tellAll goes over the connections that payments were made with.
func (w *walletHosts) tellAll(ctx context.Context) {
	all, err := w.store.Used(ctx)
	for _, l := range all {
		if c, err := w.connections.Show(ctx, l.Tenant, l.Ref); err == nil && c.Status == payments.ConnectionActive {
			w.tell(ctx, l.Tenant, c)
		}
	}
	if err != nil && ctx.Err() == nil {
		w.house.log.Warn("new hosts are not told to processors for now", "error", err)
	}
}

// tell tells one connection's processor of the hosts that it does not know from this node.
func (w *walletHosts) tell(ctx context.Context, t tenant.ID, c payments.Connection) {
	ctx, cancel := context.WithTimeout(ctx, walletTime)
	defer cancel()
	p, err := w.connections.OpenConnection(ctx, t, c)
	to, wants := p.(registrar)
	if err != nil || !wants {
		return
	}
	hosts, err := w.hosts(ctx, t)
	for _, name := range hosts {
		if err != nil || !w.first(c.ID, name) {
			continue
		}
		if err = to.RegisterHost(ctx, name); err != nil {
			w.forget(c.ID, name)
		}
	}
	if err != nil {
		w.house.log.Info("wallets are not shown for now", "tenant", t, "connection", c.ID, "error", err)
	}
}

// hosts are those that a tenant's links may point to.
func (w *walletHosts) hosts(ctx context.Context, id tenant.ID) ([]string, error) {
	t, err := w.house.tenants.Show(ctx, string(id))
	if err != nil {
		return nil, err
	}
	own, err := w.house.tenants.DefaultHost(t.Slug)
	if err != nil {
		return nil, err
	}
	names := []string{own.String()}
	all, err := w.house.tenants.Domains(ctx, id)
	for _, d := range all {
		if d.Status.Linkable() {
			names = append(names, d.Host.String())
		}
	}
	return names, err
}

// first reports whether a host is told for the first time.
func (w *walletHosts) first(connection, host string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := connection + " " + host
	if w.told[key] {
		return false
	}
	w.told[key] = true
	return true
}

func (w *walletHosts) forget(connection, host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.told, connection+" "+host)
}
