package emulator

import (
	"fmt"
	"strings"
)

// leastAmounts are the least amounts that may be charged, in minor units; 1 where nothing is said. Only these currencies and those of others are taken.
var leastAmounts = map[string]int64{
	"usd": 50, "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500,
	"inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50, "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000,
}

const (
	mostAmount = 99_999_999
	// otherCurrencies are taken from one minor unit on.
	otherCurrencies = "aed afn all amd ang aoa ars awg azn bam bbd bdt bhd bif bmd bnd bob bsd bwp byn bzd cdf clp cny cop crc cve djf dop dzd egp etb fjd fkp " +
		"gel gip gmd gnf gtq gyd hnl htg idr ils isk jmd jod kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mzn nad " +
		"ngn nio npr omr pab pen pgk php pkr pyg qar rsd rub rwf sar sbd scr shp sle sos srd std szl tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf " +
		"xcd xof xpf yer zar zmw"
	threeDecimals = "bhd jod kwd omr tnd"
	// wholeHundreds have no minor unit, but are counted in hundredths.
	wholeHundreds = "isk ugx"
)

// checkAmount says what is wrong with an amount, if anything.
func checkAmount(amount int64, currency string) *apiError {
	least, known := leastAmounts[currency]
	switch in := func(list string) bool { return len(currency) == 3 && strings.Contains(" "+list+" ", " "+currency+" ") }; {
	case !known && !in(otherCurrencies):
		return invalid("currency", "", "Invalid currency: "+currency+". Write the code in lower case, like usd.")
	case amount < 1:
		return invalid("amount", "parameter_invalid_integer", "This value must be greater than or equal to 1.")
	case amount < least:
		return invalid("amount", "amount_too_small", fmt.Sprintf("Amount must be at least %d of the smallest unit of %s.", least, currency))
	case amount > mostAmount:
		return invalid("amount", "amount_too_large", fmt.Sprintf("Amount must be no more than %d.", mostAmount))
	case in(threeDecimals) && amount%10 != 0:
		return invalid("amount", "parameter_invalid_integer", "Amounts in "+currency+" must be multiples of 10: the last of three decimals is 0.")
	case in(wholeHundreds) && amount%100 != 0:
		return invalid("amount", "parameter_invalid_integer", "Amounts in "+currency+" must be multiples of 100: the currency has no decimals.")
	}
	return nil
}

// feeOf is what the processor keeps of a charge.
func feeOf(amount int64, kind string) int64 {
	if kind == "us_bank_account" {
		return min(amount*8/1000, 500)
	}
	return min(amount, amount*29/1000+30)
}
