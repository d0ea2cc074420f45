package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"time"

	"tollhouse/payments"
	"tollhouse/payments/ledger"
	"tollhouse/portal/access"
	"tollhouse/portal/audit"
	"tollhouse/tenant"
)

// demoTenant is one business to look around at.
type demoTenant struct {
	draft        tenant.Draft
	primary      string
	accent       string
	footer       string
	support      string
	instructions string
	logo         bool
	clients      []demoClient
}

type demoClient struct {
	name     string
	contacts []access.Contact
	work     []string // what its invoices are for
	invoices int
	unit     int64
}

// demoTenants are a plain business, one whose colour is hard to read on, and one that writes from right to left with long names.
var demoTenants = []demoTenant{
	{
		draft:   tenant.Draft{Slug: "acme", Name: "Acme Studio", TimeZone: "America/New_York", Country: "US", Locale: "en-US", Currency: "USD"},
		primary: "#2f4bd8", accent: "#0f766e", support: "billing@acme.test",
		footer:       "Acme Studio, 12 Harbour Street, Portland, ME 04101\nQuestions? billing@acme.test · https://acme.test/terms",
		instructions: "Bank transfer to Acme Studio\nRouting number 021000021 · Account 000123456789\nPlease give the invoice number as the reference.",
		clients: []demoClient{
			{name: "Globex Corporation", work: []string{"Design retainer", "Brand guidelines", "Landing page", "Photography, half day"}, invoices: 34, unit: 9_500,
				contacts: []access.Contact{{Name: "Accounts payable", Email: "payables@globex.test"}, {Name: "Project office", Email: "projects@globex.test", Role: access.Viewer}}},
			{name: "Initech LLC", work: []string{"Consulting", "Workshop"}, invoices: 4, unit: 14_000, contacts: []access.Contact{{Name: "Finance", Email: "finance@initech.test"}}},
		},
	},
	{
		draft:   tenant.Draft{Slug: "sunnyside", Name: "Sunnyside Solar", TimeZone: "Europe/Berlin", Country: "DE", Locale: "de", Currency: "EUR"},
		primary: "#ffe600", accent: "#ff7a00", support: "rechnung@sunnyside.test", logo: true,
		footer:       "Sunnyside Solar GmbH · Lindenallee 4 · 10115 Berlin · rechnung@sunnyside.test",
		instructions: "Überweisung an Sunnyside Solar GmbH\nIBAN DE02 1203 0000 0000 2020 51 · BIC BYLADEM1001",
		clients: []demoClient{{name: "Wohnbau Nord eG", work: []string{"Wartung Photovoltaik", "Wechselrichter", "Montage"}, invoices: 12, unit: 48_000,
			contacts: []access.Contact{{Name: "Buchhaltung", Email: "buchhaltung@wohnbau-nord.test", Locale: "de"}}}},
	},
	{
		draft:   tenant.Draft{Slug: "negev", Name: "משרד עורכי הדין והייעוץ העסקי של הנגב המערבי ושות׳", TimeZone: "Asia/Jerusalem", Country: "IL", Locale: "he", Currency: "ILS"},
		primary: "#000080", accent: "#8a1c5a", support: "office@negev.test",
		footer:       "שדרות הנשיאים 14, באר שבע · office@negev.test",
		instructions: "העברה בנקאית: בנק 12, סניף 345, חשבון 678901",
		clients: []demoClient{{name: "شركة النور للتجارة العامة والمقاولات الكهربائية والميكانيكية المحدودة", work: []string{"ייעוץ משפטי שוטף", "ליווי עסקה"}, invoices: 8, unit: 65_000,
			contacts: []access.Contact{{Name: "قسم الحسابات", Email: "accounts@alnoor.test", Locale: "ar"}}}},
	},
}

// guide says what a development run offers, for people and, as JSON, for programs.
type guide struct {
	HTTPSAddr   string        `json:"https_addr"`
	HTTPAddr    string        `json:"http_addr"`
	OpsAddr     string        `json:"ops_addr"`
	APIURL      string        `json:"api_url"`
	CAFile      string        `json:"ca_file"`
	MailURL     string        `json:"mail_url"`
	DNSAddr     string        `json:"dns_addr"`
	PostgresURL string        `json:"postgres_url"`
	RedisURL    string        `json:"redis_url"`
	Control     string        `json:"control_socket"`
	PID         int           `json:"pid"`
	Tenants     []guideTenant `json:"tenants"`
}

type guideTenant struct {
	Slug     string            `json:"slug"`
	Name     string            `json:"name"`
	Hosts    []tenant.Hostname `json:"hosts"` // the first is the one that links point to
	APIKey   string            `json:"api_key"`
	Contacts []guideContact    `json:"contacts"`
}

type guideContact struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Company string `json:"company"`
	Email   string `json:"email"`
	Role    string `json:"role"`
	Link    string `json:"link"` // a fresh magic link, good for one use
}

// demo makes the demo tenants that are not there yet, and fresh links and a key for each.
func demo(ctx context.Context, h *house, w *world) (*guide, error) {
	abs := func(path string) string {
		if full, err := filepath.Abs(path); err == nil {
			return full
		}
		return path
	}
	apiHost, err := h.tenants.APIHost()
	if err != nil {
		return nil, err
	}
	g := &guide{HTTPSAddr: w.listeners.HTTPS().String(), HTTPAddr: w.listeners.HTTP().String(), OpsAddr: w.listeners.Ops().String(),
		APIURL: fmt.Sprintf("https://%s:%d", apiHost, w.listeners.HTTPS().Port()), CAFile: abs(w.caFile), MailURL: w.mailPage, DNSAddr: w.ca.DNSAddr,
		PostgresURL: string(w.config.PostgresURL), RedisURL: string(w.config.RedisURL), Control: abs(w.config.ControlSocket), PID: os.Getpid()}
	for _, d := range demoTenants {
		t, err := h.tenants.Show(ctx, d.draft.Slug)
		if errors.Is(err, tenant.ErrNotFound) {
			t, err = plant(ctx, h, d)
		}
		if err != nil {
			return nil, fmt.Errorf("the tenant %s: %w", d.draft.Slug, err)
		}
		shown, err := describe(ctx, h, t)
		if err != nil {
			return nil, fmt.Errorf("the tenant %s: %w", d.draft.Slug, err)
		}
		g.Tenants = append(g.Tenants, shown)
	}
	return g, nil
}

// plant makes a tenant with its host, brand, clients and their invoices.
func plant(ctx context.Context, h *house, d demoTenant) (*tenant.Tenant, error) {
	t, err := h.tenants.Create(ctx, d.draft)
	if err != nil {
		return nil, err
	}
	host, err := tenant.ParseHostname("billing." + d.draft.Slug + ".localhost")
	if err != nil {
		return nil, err
	}
	if _, err := h.tenants.AddDomain(ctx, t.ID, host); err != nil {
		return nil, err
	}
	if err := dress(ctx, h, t.ID, d); err != nil {
		return nil, err
	}
	for _, c := range d.clients {
		if err := plantClient(ctx, h, t, c); err != nil {
			return nil, fmt.Errorf("the client %s: %w", c.name, err)
		}
	}
	return t, nil
}

func dress(ctx context.Context, h *house, id tenant.ID, d demoTenant) error {
	_, err := h.tenants.UpdateBrand(ctx, id, func(b *tenant.Brand) error {
		var errs [2]error
		b.Primary, errs[0] = tenant.ParseColor(d.primary)
		b.Accent, errs[1] = tenant.ParseColor(d.accent)
		b.Footer, b.SupportEmail = d.footer, d.support
		return errors.Join(errs[:]...)
	})
	if err != nil {
		return err
	}
	if _, err := h.tenants.UpdatePolicy(ctx, id, func(p *tenant.Policy) error { p.PaymentInstructions = d.instructions; return nil }); err != nil || !d.logo {
		return err
	}
	drawn, err := tenant.NewLogoChecker().Check(ctx, sun())
	if err != nil {
		return err
	}
	_, err = h.tenants.PutLogo(ctx, id, drawn)
	return err
}

// sun draws a logo: a disc and its rays over a horizon.
func sun() []byte {
	const width, height = 480, 160
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	ink, gold := color.NRGBA{0x1c, 0x23, 0x33, 0xff}, color.NRGBA{0xff, 0xb4, 0x00, 0xff}
	for y := range height {
		for x := range width {
			dx, dy := float64(x-80), float64(y-96)
			r2 := dx*dx + dy*dy
			switch {
			case y > 96 && y < 104 && x < 160:
				img.Set(x, y, ink)
			case y <= 96 && r2 < 44*44:
				img.Set(x, y, gold)
			case y <= 96 && r2 > 56*56 && r2 < 72*72 && (x/9)%2 == 0:
				img.Set(x, y, gold)
			case x > 190 && x < 470 && y > 40 && y < 120 && (x-190)%40 < 26 && y > 40+((x-190)/40)*8:
				img.Set(x, y, ink)
			}
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img) // a buffer takes everything
	return out.Bytes()
}

func plantClient(ctx context.Context, h *house, t *tenant.Tenant, c demoClient) error {
	by := access.Actor{Kind: string(audit.Operator), ID: "demo"}
	company, err := h.clients.CreateCompany(ctx, t.ID, by, access.Company{Name: c.name, Currency: t.Currency, PortalEnabled: true,
		Address: access.Address{Country: t.Country}})
	if err != nil {
		return err
	}
	first := ""
	for _, contact := range c.contacts {
		contact.CompanyID, contact.Status = company.ID, "active"
		if contact.Role == "" {
			contact.Role = access.Payer
		}
		made, err := h.clients.CreateContact(ctx, t.ID, by, contact)
		if err != nil {
			return err
		}
		if first == "" {
			first = made.ID
		}
	}
	for i := range c.invoices {
		if err := plantInvoice(ctx, h, t, c, company.ID, first, i); err != nil {
			return err
		}
	}
	return nil
}

// plantInvoice makes the i-th invoice of a client: the older, the likelier it is paid; one is on its way, one void, one a draft.
func plantInvoice(ctx context.Context, h *house, t *tenant.Tenant, c demoClient, company, contact string, i int) error {
	age := (c.invoices - i) * 11
	issued := ledger.DateIn(h.now(), t.TimeZone).AddDays(-age)
	in := payments.NewInvoice{CompanyID: company, ContactID: contact, IssueDate: issued, DueDate: issued.AddDays(30), PONumber: fmt.Sprintf("PO-%d", 4100+i)}
	for n := range 1 + i%4 {
		in.Lines = append(in.Lines, payments.NewLine{Description: c.work[(i+n)%len(c.work)], Quantity: int64(5_000 * (1 + (i+n)%7)),
			UnitAmount: c.unit * int64(n+1), TaxBPS: []int32{825, 825, 0}[n%3]})
	}
	if i%5 == 2 {
		in.DocumentDiscount = c.unit / 10
	}
	inv, err := h.invoices.CreateInvoice(ctx, t, in)
	if err != nil || i == c.invoices-1 {
		return err // the last stays a draft, which its client must not see
	}
	if inv, err = h.invoices.Send(ctx, t, inv.ID); err != nil {
		return err
	}
	whole := []ledger.Allocation{{InvoiceID: inv.ID, Amount: inv.Total}}
	switch {
	case i == 1:
		_, err = h.invoices.Void(ctx, t, inv.ID, "Billed twice by mistake")
	case i == c.invoices-4:
		_, err = h.invoices.RecordProcessing(ctx, t, payments.NewPayment{Kind: payments.Bank, Method: "Bank account ending 6789", ContactID: contact, Allocations: whole})
	case i == c.invoices-5:
		_, err = h.invoices.RecordPayment(ctx, t, payments.NewPayment{Kind: payments.Manual, Method: "Bank transfer", Allocations: []ledger.Allocation{{InvoiceID: inv.ID, Amount: inv.Total / 3}}})
	case age > 75:
		_, err = h.invoices.RecordPayment(ctx, t, payments.NewPayment{Kind: payments.Manual, Method: "Bank transfer", Reference: fmt.Sprintf("T-%d", 77000+i),
			ReceivedOn: issued.AddDays(20), Allocations: whole})
	}
	return err
}

// describe lists what can be opened at a tenant, with a fresh link for each contact and a fresh key; the key of the run before is revoked.
func describe(ctx context.Context, h *house, t *tenant.Tenant) (guideTenant, error) {
	out := guideTenant{Slug: t.Slug, Name: t.Name}
	domains, err := h.tenants.Domains(ctx, t.ID)
	if err != nil {
		return out, err
	}
	for _, d := range domains {
		out.Hosts = append(out.Hosts, d.Host)
	}
	host, err := h.tenants.DefaultHost(t.Slug)
	if err != nil {
		return out, err
	}
	out.Hosts = append(out.Hosts, host)
	if out.APIKey, err = freshKey(ctx, h, t.ID); err != nil {
		return out, err
	}
	contacts, err := h.clients.Contacts(ctx, t.ID, access.ContactQuery{Status: "active", Limit: 20})
	if err != nil {
		return out, err
	}
	for i := len(contacts) - 1; i >= 0; i-- { // oldest first
		c := contacts[i]
		company, err := h.clients.Company(ctx, t.ID, c.CompanyID)
		if err != nil {
			return out, err
		}
		minted, err := h.access.Mint(ctx, t, access.MintRequest{ContactID: c.ID, By: access.Actor{Kind: string(audit.Operator), ID: "dev"}})
		if err != nil {
			return out, err
		}
		out.Contacts = append(out.Contacts, guideContact{ID: c.ID, Name: c.Name, Company: company.Name, Email: c.Email, Role: string(c.Role), Link: minted.URL})
	}
	return out, nil
}

func freshKey(ctx context.Context, h *house, id tenant.ID) (string, error) {
	const name = "development"
	old, err := h.tenants.Keys(ctx, id)
	if err != nil {
		return "", err
	}
	for _, k := range old {
		if k.Name == name && k.RevokedAt.IsZero() {
			if err := h.tenants.RevokeKey(ctx, id, k.ID); err != nil {
				return "", err
			}
		}
	}
	secret, _, err := h.tenants.CreateKey(ctx, id, name, nil)
	return secret, err
}

// allHosts lists every host of the guide.
func (g *guide) allHosts() []tenant.Hostname {
	var hosts []tenant.Hostname
	for _, t := range g.Tenants {
		hosts = append(hosts, t.Hosts...)
	}
	return hosts
}

// print says what to open, in the order in which a newcomer wants to know it.
func (g *guide) print(out interface{ Write([]byte) (int, error) }, dir string, took time.Duration) {
	fmt.Fprintf(out, "\nTollhouse is up after %.1f s. Everything is on this machine; Ctrl-C ends it.\n", took.Seconds())
	for _, t := range g.Tenants {
		fmt.Fprintf(out, "\n  %s\n", t.Name)
		for _, host := range t.Hosts {
			fmt.Fprintf(out, "    https://%s:%s/portal/\n", host, port(g.HTTPSAddr))
		}
		for _, c := range t.Contacts {
			fmt.Fprintf(out, "    sign in as %s, %s:\n      %s\n", c.Name, c.Company, c.Link)
		}
	}
	fmt.Fprintf(out, "\n  Mails      %s\n  API        %s (keys are in %s)\n  Metrics    http://%s/metrics\n  Log        %s\n",
		g.MailURL, g.APIURL, filepath.Join(dir, "dev.json"), g.OpsAddr, filepath.Join(dir, "tollhouse.log"))
	fmt.Fprintf(out, "\n  Browsers warn about the certificates until they trust this run's CA: %s\n  With curl: curl --cacert %s https://%s:%s/portal/test\n\n",
		g.CAFile, filepath.Join(dir, "ca.pem"), g.Tenants[0].Hosts[0], port(g.HTTPSAddr))
}

// port is the part of an address behind its last colon.
func port(addr string) string { return addr[bytes.LastIndexByte([]byte(addr), ':')+1:] }
