package main

import (
	"tollhouse/payments"
	"tollhouse/portal/access"
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
	logo         func() []byte // nil for none: the name stands in type
	taxBPS       int32         // of every position that has no rate of its own
	clients      []demoClient
}

// demoClient is billed the same thing every month, and a project now and then.
type demoClient struct {
	company  access.Company
	contacts []access.Contact // the first gets the invoices
	months   int              // how many monthly invoices there are; the newest is open
	monthly  []payments.NewLine
	title    string // of the monthly invoices
	projects []demoProject
}

// demoProject is an invoice of its own.
type demoProject struct {
	age   int // days since it was issued
	terms int // days until it is due
	title string
	order string // the client's
	notes string
	lines []payments.NewLine
	fate  demoFate
}

// demoFate is what became of an invoice.
type demoFate int

const (
	demoOpen demoFate = iota
	demoPaid
	demoPartPaid
	demoOnItsWay
	demoVoided
	demoKept // a draft, which its client must not see
)

// demoLine is one position; tenths of a unit, so that half days can be billed.
func demoLine(what string, tenths, unit int64) payments.NewLine {
	return payments.NewLine{Description: what, Quantity: tenths * 1000, UnitAmount: unit}
}

// taxed is a position with its own rate, in hundredths of a per cent.
func taxed(bps int32, l payments.NewLine) payments.NewLine {
	l.TaxBPS = bps
	return l
}

// demoTenants are a business with quiet colours, one whose colour is hard to read on, and one that writes from right to left with long names.
var demoTenants = []demoTenant{
	{
		draft:   tenant.Draft{Slug: "acme", Name: "Acme Studio", TimeZone: "America/New_York", Country: "US", Locale: "en-US", Currency: "USD"},
		primary: "#2f4bd8", accent: "#0f766e", support: "billing@acme.test", logo: acmeLogo,
		footer:       "Acme Studio LLC, 12 Harbor Street, Portland, ME 04101\nTerms: https://acme.test/terms",
		instructions: "By bank transfer (ACH) to Acme Studio LLC\nRouting number 021000021 · Account 000123456789\n\nOr by check, payable to Acme Studio LLC.",
		clients: []demoClient{
			{
				company: access.Company{Name: "Globex Corporation", Address: access.Address{Line1: "200 Commerce Avenue, Suite 410", City: "Boston", Region: "MA", PostalCode: "02110", Country: "US"}},
				contacts: []access.Contact{{Name: "Accounts payable", Email: "payables@globex.test"},
					{Name: "Project office", Email: "projects@globex.test", Role: access.Viewer}},
				months: 30, title: "Design retainer", monthly: []payments.NewLine{demoLine("Design retainer, 16 hours", 10, 240_000), demoLine("Hosting and monitoring", 10, 8_900)},
				projects: []demoProject{
					{age: 402, terms: 30, title: "Trade fair stand", order: "PO-3981", fate: demoPaid, lines: []payments.NewLine{demoLine("Stand design", 10, 380_000), taxed(550, demoLine("Printed panels, 2 × 3 m", 60, 41_500))}},
					{age: 214, terms: 30, title: "Photography, spring range", order: "PO-4077", fate: demoVoided, lines: []payments.NewLine{demoLine("Photographer, half day", 10, 95_000)}},
					{age: 212, terms: 30, title: "Photography, spring range", order: "PO-4077", fate: demoPaid, lines: []payments.NewLine{demoLine("Photographer, full day", 10, 165_000), demoLine("Retouching, per picture", 240, 2_800)}},
					{age: 74, terms: 30, title: "Brand guidelines", order: "PO-4118", fate: demoPartPaid, notes: "Half on signing, half on delivery. The guidelines were delivered with version 2.1.",
						lines: []payments.NewLine{demoLine("Brand guidelines, 48 pages", 10, 620_000), demoLine("Workshop with the product team, day", 15, 140_000)}},
					{age: 39, terms: 30, title: "Landing page, autumn campaign", order: "PO-4126", fate: demoOpen,
						lines: []payments.NewLine{demoLine("Design, hours", 180, 15_000), demoLine("Front-end development, hours", 225, 14_000), taxed(550, demoLine("Stock pictures", 60, 3_900))}},
					{age: 23, terms: 30, title: "Annual report", order: "PO-4131", fate: demoOnItsWay, lines: []payments.NewLine{demoLine("Layout, 64 pages", 10, 480_000), demoLine("Charts and tables", 140, 9_500)}},
					{age: 1, terms: 30, title: "Packaging, first drafts", fate: demoKept, lines: []payments.NewLine{demoLine("Packaging design, hours", 120, 15_000)}},
				},
			},
			{
				company:  access.Company{Name: "Initech LLC", Address: access.Address{Line1: "4120 Industrial Lane", City: "Austin", Region: "TX", PostalCode: "78744", Country: "US"}},
				contacts: []access.Contact{{Name: "Finance", Email: "finance@initech.test"}},
				projects: []demoProject{
					{age: 130, terms: 14, title: "Discovery workshop", fate: demoPaid, lines: []payments.NewLine{demoLine("Workshop, day", 20, 140_000), demoLine("Travel", 10, 62_480)}},
					{age: 44, terms: 14, title: "Intranet, concept", fate: demoPaid, lines: []payments.NewLine{demoLine("Concept and wireframes", 10, 540_000)}},
				},
			},
		},
	},
	{
		draft:   tenant.Draft{Slug: "sunnyside", Name: "Sunnyside Solar", TimeZone: "Europe/Berlin", Country: "DE", Locale: "de", Currency: "EUR"},
		primary: "#ffe600", accent: "#ff7a00", support: "rechnung@sunnyside.test", logo: sunnysideLogo, taxBPS: 1900,
		footer:       "Sunnyside Solar GmbH · Lindenallee 4 · 10115 Berlin\nhttps://sunnyside.test/impressum",
		instructions: "Überweisung an Sunnyside Solar GmbH\nIBAN DE02 1203 0000 0000 2020 51 · BIC BYLADEM1001",
		clients: []demoClient{{
			company:  access.Company{Name: "Wohnbau Nord eG", Address: access.Address{Line1: "Hafenstraße 200", City: "Hamburg", PostalCode: "20359", Country: "DE"}},
			contacts: []access.Contact{{Name: "Buchhaltung", Email: "buchhaltung@wohnbau-nord.test", Locale: "de"}},
			months:   8, title: "Wartung Photovoltaik", monthly: []payments.NewLine{demoLine("Fernüberwachung, Anlage", 120, 3_900), demoLine("Wartung vor Ort, Stunde", 65, 8_400)},
			projects: []demoProject{
				{age: 96, terms: 30, title: "Wechselrichter Lindenhof 7", fate: demoPaid, lines: []payments.NewLine{demoLine("Wechselrichter 25 kW", 20, 284_000), demoLine("Montage, Stunde", 140, 8_400)}},
				{age: 41, terms: 30, title: "Dachanlage Lindenhof 9, zweiter Abschlag", fate: demoOpen,
					lines: []payments.NewLine{demoLine("Solarmodul 430 W", 960, 11_900), demoLine("Unterkonstruktion, Meter", 1840, 2_150), demoLine("Montage, Stunde", 420, 8_400)}},
				{age: 19, terms: 30, title: "Speicher Lindenhof 9", fate: demoOnItsWay, lines: []payments.NewLine{demoLine("Batteriespeicher 40 kWh", 10, 1_890_000)}},
			},
		}},
	},
	{
		draft:   tenant.Draft{Slug: "negev", Name: "משרד עורכי הדין והייעוץ העסקי של הנגב המערבי ושות׳", TimeZone: "Asia/Jerusalem", Country: "IL", Locale: "he", Currency: "ILS"},
		primary: "#000080", accent: "#8a1c5a", support: "office@negev.test", taxBPS: 1800,
		footer:       "שדרות הנשיאים 14, באר שבע",
		instructions: "העברה בנקאית:\nבנק 12, סניף 345, חשבון 678901",
		clients: []demoClient{{
			company:  access.Company{Name: "شركة النور للتجارة العامة والمقاولات الكهربائية والميكانيكية المحدودة", Address: access.Address{Line1: "شارع الميناء 27", City: "حيفا", PostalCode: "3303127", Country: "IL"}},
			contacts: []access.Contact{{Name: "قسم الحسابات", Email: "accounts@alnoor.test", Locale: "ar"}},
			months:   5, title: "ייעוץ משפטי שוטף", monthly: []payments.NewLine{demoLine("ייעוץ משפטי שוטף, שעה", 80, 65_000)},
			projects: []demoProject{
				{age: 52, terms: 30, title: "ליווי עסקה", fate: demoOpen, lines: []payments.NewLine{demoLine("ליווי עסקה, שעה", 185, 75_000), demoLine("אגרות", 10, 48_200)}},
			},
		}},
	},
}
