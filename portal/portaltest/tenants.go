package portaltest

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"tollhouse/tenant"
)

// Now is the time in every world: a Thursday noon in New York.
var Now = time.Date(2026, time.May, 21, 16, 0, 0, 0, time.UTC)

// Plain is a tenant with quiet colours and no logo.
func Plain() *tenant.Tenant {
	t := base("plain", "Maple & Stone Studio", "en-US", "USD", "US", "America/New_York")
	t.Brand.Primary, t.Brand.Accent = tenant.Color{R: 0x1f, G: 0x5f, B: 0xbf}, tenant.Color{R: 0xc2, G: 0x56, B: 0x2b}
	t.Brand.SupportEmail = "billing@maplestone.example"
	t.Brand.Footer = "Maple & Stone Studio LLC, 48 Alder Street, Portland, ME 04101\n\nTerms: https://maplestone.example/terms"
	t.Policy.PaymentInstructions = "By bank transfer within the United States:\nFirst Coastal Bank\nRouting number 021000021\n" +
		"Account number 55 1204 7731\n\nOr by cheque, payable to Maple & Stone Studio LLC."
	return styled(t)
}

// Bold is a tenant with two hard colours and a logo.
func Bold() *tenant.Tenant {
	t := base("bold", "Volt Elektrotechnik", "de-DE", "EUR", "DE", "Europe/Berlin")
	t.Brand.Primary, t.Brand.Accent = tenant.Color{R: 0xff, G: 0xe6}, tenant.Color{B: 0x80}
	t.Brand.SupportEmail = "rechnung@volt.example"
	t.Brand.Footer = "Volt Elektrotechnik GmbH · Lindenallee 12 · 10115 Berlin\nHRB 210044 B · USt-IdNr. DE812044901\n\nhttps://volt.example/impressum"
	t.Policy.PaymentInstructions = "Bitte überweisen Sie auf unser Konto:\nIBAN DE02 1203 0000 0000 2020 51\nBIC BYLADEM1001"
	sum := sha256.Sum256(LogoPNG())
	t.Brand.Logo = tenant.Logo{Hash: hex.EncodeToString(sum[:]), Width: logoWidth, Height: logoHeight}
	return styled(t)
}

// RightToLeft is a tenant whose names, and its clients', are long and run from right to left.
func RightToLeft() *tenant.Tenant {
	t := base("rtl", "חברת הפתרונות הדיגיטליים המתקדמים של ירושלים והסביבה בע״מ", "he-IL", "ILS", "IL", "Asia/Jerusalem")
	t.Brand.Primary, t.Brand.Accent = tenant.Color{R: 0x0b, G: 0x7a, B: 0x63}, tenant.Color{R: 0x8a, G: 0x2b, B: 0x8f}
	t.Brand.SupportEmail = "hanhalat.heshbonot@pitronot-digitaliyim-mitkadmim.example"
	t.Brand.Footer = "רחוב יפו 97, קומה 14, ירושלים 9434001\nח.פ. 51-420338-7"
	t.Policy.PaymentInstructions = "העברה בנקאית:\nבנק הפועלים, סניף 690\nחשבון 204455"
	return styled(t)
}

// Tenants are the three that every page is looked at with.
func Tenants() []*tenant.Tenant { return []*tenant.Tenant{Plain(), Bold(), RightToLeft()} }

func base(slug, name, locale, currency, country, zone string) *tenant.Tenant {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err) // a fixture: the zones above exist wherever Go's do
	}
	return &tenant.Tenant{
		ID: tenant.ID("ten_" + slug), Slug: slug, Name: name, Status: tenant.Active,
		TimeZone: location, Country: country, Locale: locale, Currency: currency,
	}
}

// styled computes what the directory's feed computes for a served tenant.
func styled(t *tenant.Tenant) *tenant.Tenant {
	t.Style = tenant.NewStyle(t.Brand.Primary, t.Brand.Accent)
	return t
}
