package authorizenetemu

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"tollhouse/payments/emulator/core"
	"tollhouse/payments/ledger"
)

// The table is the schema as it is published: each type that it names is there, or is a scalar.
func TestSchema_IsWhole(t *testing.T) {
	scalars := "string decimal numeric boolean"
	// What a portal never sends is in no table: it is refused if it comes as an object.
	unserved := "solutionType ccAuthenticationType transRetailInfoType subMerchantType subsequentAuthInformation otherTaxType authorizationIndicatorType driversLicenseType"
	types := parsedSchema()
	if len(types) != len(schema) {
		t.Errorf("%d types for %d rows", len(types), len(schema))
	}
	var walk func(in string, e element)
	walk = func(in string, e element) {
		for _, a := range e.alternatives {
			walk(in, a)
		}
		if len(e.alternatives) > 0 {
			return
		}
		_, known := types[e.kind]
		if e.name == "" || !known && !strings.Contains(" "+scalars+" "+unserved+" ", " "+e.kind+" ") {
			t.Errorf("%s: element %q is of the unknown type %q", in, e.name, e.kind)
		}
		if strings.ContainsAny(e.name+e.kind, "?*<()|:") {
			t.Errorf("%s: element %+v was read wrongly", in, e)
		}
	}
	for name, sequence := range types {
		for _, e := range sequence {
			walk(name, e)
		}
	}
	for name := range calls {
		if _, known := types[name]; !known {
			t.Errorf("%s has no schema", name)
		}
	}
}

func FuzzTree(f *testing.F) {
	for _, seed := range []string{`{"a":{"b":[1,"x",null,{"c":true}]}}`, `{"a":1}{`, `[[[[`, `{"createTransactionRequest":{"merchantAuthentication":{}}}`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := parseTree(body)
		if err != nil {
			return
		}
		for name := range calls {
			check(name, name, n)
		}
		n.at("a", "b", "c").all()
	})
}

// hoard collects every string that can be reached from a value.
func hoard(v reflect.Value, seen map[uintptr]bool, all *strings.Builder) {
	switch v.Kind() {
	case reflect.String:
		_, _ = fmt.Fprintln(all, v.String()) // a builder takes every write
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		hoard(v.Elem(), seen, all)
	case reflect.Interface:
		if !v.IsNil() {
			hoard(v.Elem(), seen, all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			hoard(v.Field(i), seen, all)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			hoard(v.Index(i), seen, all)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			hoard(k, seen, all)
			hoard(v.MapIndex(k), seen, all)
		}
	}
}

func TestEmulator_KeepsNoNumbers(t *testing.T) {
	const card, account, routing = "4111111111111111", "000123456789", "121042882"
	emu := New(Config{Core: core.New(core.Config{Seed: 7, Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }})})
	m := emu.AddMerchant(Merchant{})
	if _, reason := emu.CardToken(m.Login, Card{Number: card, Expiry: "2031-05", Code: "987654"}); reason != 0 {
		t.Fatal(reason)
	}
	if _, reason := emu.BankToken(m.Login, BankAccount{Routing: routing, Number: account}); reason != 0 {
		t.Fatal(reason)
	}
	emu.mu.Lock()
	defer emu.mu.Unlock()
	for _, token := range emu.merchants[m.Login].tokens {
		emu.submit(emu.merchants[m.Login], &transaction{kind: "authCaptureTransaction", what: token.what, amount: mustPrice(t, "1.00")}, duplicateWindow{})
	}
	var all strings.Builder
	hoard(reflect.ValueOf(emu), map[uintptr]bool{}, &all)
	if !strings.Contains(all.String(), m.Login) || !strings.Contains(all.String(), "1111") {
		t.Fatal("the walk did not reach the merchant")
	}
	for _, number := range []string{card, account, routing, "987654"} {
		if strings.Contains(all.String(), number) {
			t.Errorf("%s is kept", number)
		}
	}
}

func mustPrice(t *testing.T, s string) ledger.Money {
	t.Helper()
	m, ok := parsePrice(s, "USD")
	if !ok {
		t.Fatal(s)
	}
	return m
}
