package authorizenetemu

import (
	"strings"
	"time"
)

// instrument is what pays: a card or a bank account, without its number.
type instrument struct {
	print   string // salted hash of the number
	last4   string
	brand   string // "Visa", …, "eCheck"
	expiry  string // "2031-05", "" for an account
	bank    bool
	account string // type of the account
	routing string // last four digits
	owner   string
	billTo  address
	byPrice bool // the number that is declined with the reason that the amount says
}

// address is the billing address; its postal code is also the magic that declines.
type address struct{ First, Last, Company, Street, City, State, Zip, Country string }

func (n *node) address() address {
	get := func(name string) string { return n.at(name).text }
	return address{get("firstName"), get("lastName"), get("company"), get("address"), get("city"), get("state"), get("zip"), get("country")}
}

func (a address) object() object {
	return object{"firstName": a.First, "lastName": a.Last, "company": a.Company, "address": a.Street, "city": a.City, "state": a.State,
		"zip": a.Zip, "country": a.Country}
}

// priceCard is the processor's own test number: the amount, in whole units, is the reason it ends with.
const priceCard = "4222222222222"

// Card is what a person types. Only the last four digits survive.
type Card struct {
	Number, Expiry string // "2031-05"
	Code           string
	First, Last    string
	Zip            string
}

// BankAccount is what a person types. Only the last four digits of its numbers survive.
type BankAccount struct{ Type, Routing, Number, Owner, Zip string }

// card makes an instrument of a number, or says by a reason code what is wrong with it.
func (e *Emulator) card(c Card, now time.Time) (instrument, int) {
	number := strings.NewReplacer(" ", "", "-", "").Replace(c.Number)
	brand := brandOf(number)
	expires, err := time.Parse("2006-01", c.Expiry)
	switch {
	case brand == "" || !luhn(number):
		return instrument{}, 6
	case err != nil:
		return instrument{}, 7
	case expires.AddDate(0, 1, 0).Before(now):
		return instrument{}, 8
	}
	return instrument{
		print: e.fingerprint(number), last4: number[len(number)-4:], brand: brand, expiry: c.Expiry,
		billTo: address{First: c.First, Last: c.Last, Zip: c.Zip}, byPrice: number == priceCard,
	}, 0
}

func (e *Emulator) bankAccount(b BankAccount) (instrument, int) {
	digits := func(s string) bool { return strings.Trim(s, "0123456789") == "" }
	switch {
	case len(b.Routing) != 9 || !digits(b.Routing):
		return instrument{}, 9
	case len(b.Number) < 4 || len(b.Number) > 17 || !digits(b.Number):
		return instrument{}, 10
	}
	if b.Type == "" {
		b.Type = "checking"
	}
	return instrument{
		print: e.fingerprint(b.Routing + "/" + b.Number), last4: b.Number[len(b.Number)-4:], brand: "eCheck", bank: true,
		account: b.Type, routing: b.Routing[5:], owner: b.Owner, billTo: address{Zip: b.Zip},
	}, 0
}

func brandOf(number string) string {
	for _, row := range []struct {
		prefix, brand string
		length        int
	}{
		{"34", "AmericanExpress", 15}, {"37", "AmericanExpress", 15}, {"4", "Visa", 16}, {"4", "Visa", 13}, {"5", "MasterCard", 16},
		{"2", "MasterCard", 16}, {"6", "Discover", 16}, {"35", "JCB", 16}, {"36", "DinersClub", 14}, {"38", "DinersClub", 14},
	} {
		if strings.HasPrefix(number, row.prefix) && len(number) == row.length {
			return row.brand
		}
	}
	return ""
}

func luhn(number string) bool {
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return number != "" && sum%10 == 0
}

// masked writes what the processor shows of the instrument.
func (i instrument) masked() object {
	if i.bank {
		return object{"bankAccount": object{"accountType": i.account, "routingNumber": "XXXX" + i.routing, "accountNumber": "XXXX" + i.last4,
			"nameOnAccount": i.owner, "echeckType": "WEB"}}
	}
	return object{"creditCard": object{"cardNumber": "XXXX" + i.last4, "expirationDate": "XXXX", "cardType": i.brand}}
}
