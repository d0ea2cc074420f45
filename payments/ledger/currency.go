package ledger

import (
	"errors"
	"fmt"
	"strings"
)

// Currency is an ISO 4217 code, like "USD".
type Currency string

// ErrCurrency is wrapped by errors about text that is no currency we bill in.
var ErrCurrency = errors.New("not a currency: write an ISO 4217 code, like USD")

// ParseCurrency reads the code of a currency that is in use, in capitals.
func ParseCurrency(s string) (Currency, error) {
	if !listed(wholeUnits, s) && !listed(hundredths, s) && !listed(thousandths, s) {
		return "", fmt.Errorf("%.10q is %w", s, ErrCurrency)
	}
	return Currency(s), nil
}

// Exponent is how many decimals the currency's minor unit has: 2 for USD, 0 for JPY, 3 for KWD. It is what our amounts and every page
// mean. A payment processor may count differently (Stripe takes ISK in hundredths); that is the business of the processor's package. An
// unknown code has 2.
func (c Currency) Exponent() int {
	switch {
	case listed(wholeUnits, string(c)):
		return 0
	case listed(thousandths, string(c)):
		return 3
	}
	return 2
}

// Every currency in use, by ISO 4217's minor units; except MGA, whose fifth of an ariary nobody uses any more and which processors take
// whole. Funds, metals and test codes are left out.
const (
	wholeUnits = `BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF`
	hundredths = `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK ` +
		`DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR ` +
		`LRD LSL MAD MDL MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD ` +
		`SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`
	thousandths = `BHD IQD JOD KWD LYD OMR TND`
)

// listed reports whether code is one of the words of codes.
func listed(codes, code string) bool {
	return len(code) == 3 && !strings.Contains(code, " ") && strings.Contains(codes, code)
}
