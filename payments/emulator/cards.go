package emulator

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// fate is what becomes of a payment with a method. The zero value: it succeeds.
type fate struct {
	code, decline string // the decline, when there is one
	secure        secure
	failsLater    bool // the decline comes after 3-D Secure
	attachFails   bool // and saving the card is declined too
	refund        string
	dispute       string // the reason of a dispute that follows
	inquiry       bool   // the dispute is only a question at first
	bank          string // us_bank_account: the code with which the debit fails
	neverSettles  bool   // us_bank_account: processing for ever
	depositsFail  bool   // us_bank_account: microdeposits do not arrive
	unverified    bool   // us_bank_account: instant verification is not possible
}

// secure is when 3-D Secure is asked for.
type secure int

const (
	secureNever  secure = iota
	secureAlways        // each time a person is there; off session it is declined
	secureOnce          // until the card was set up
)

// card is one magic number.
type card struct {
	number, brand, funding, country string
	fate                            fate
	name                            string // what people see in the list of numbers
}

func declined(code, decline string) fate {
	return fate{code: code, decline: decline, attachFails: true}
}

// cards are the numbers that mean something, as in the processor's public test documentation. Any other number that passes the check digit succeeds.
var cards = []card{
	{"4242424242424242", "visa", "credit", "US", fate{}, "Succeeds"},
	{"4000056655665556", "visa", "debit", "US", fate{}, "Succeeds, debit"},
	{"5555555555554444", "mastercard", "credit", "US", fate{}, "Succeeds"},
	{"2223003122003222", "mastercard", "credit", "US", fate{}, "Succeeds"},
	{"378282246310005", "amex", "credit", "US", fate{}, "Succeeds"},
	{"6011111111111117", "discover", "credit", "US", fate{}, "Succeeds"},
	{"3056930009020004", "diners", "credit", "US", fate{}, "Succeeds"},
	{"3566002020360505", "jcb", "credit", "JP", fate{}, "Succeeds"},
	{"6200000000000005", "unionpay", "credit", "CN", fate{}, "Succeeds"},
	{"4000000000000002", "visa", "credit", "US", declined("card_declined", "generic_decline"), "Declined without a reason"},
	{"4000000000009995", "visa", "credit", "US", declined("card_declined", "insufficient_funds"), "Not enough money"},
	{"4000000000009987", "visa", "credit", "US", declined("card_declined", "lost_card"), "Reported lost"},
	{"4000000000009979", "visa", "credit", "US", declined("card_declined", "stolen_card"), "Reported stolen"},
	{"4000000000000069", "visa", "credit", "US", declined("expired_card", ""), "Expired"},
	{"4000000000000127", "visa", "credit", "US", declined("incorrect_cvc", ""), "Wrong security code"},
	{"4000000000000119", "visa", "credit", "US", declined("processing_error", ""), "The bank does not answer"},
	{"4000000000006975", "visa", "credit", "US", declined("card_declined", "card_velocity_exceeded"), "Over its limit"},
	{"4100000000000019", "visa", "credit", "US", declined("card_declined", "fraudulent"), "Blocked as fraudulent"},
	{"4000000000000341", "visa", "credit", "US", fate{code: "card_declined", decline: "generic_decline"}, "Can be saved, is declined when charged"},
	{"4000002760003184", "visa", "credit", "DE", fate{secure: secureAlways}, "Asks for 3-D Secure every time"},
	{"4000000000003220", "visa", "credit", "US", fate{secure: secureAlways}, "Asks for 3-D Secure every time"},
	{"4000002500003155", "visa", "credit", "FR", fate{secure: secureOnce}, "Asks for 3-D Secure until saved"},
	{"4000003800000446", "visa", "credit", "US", fate{}, "Saved for use without a person already"},
	{"4000008260003178", "visa", "credit", "GB", fate{secure: secureAlways, failsLater: true, code: "card_declined", decline: "insufficient_funds"},
		"3-D Secure, then not enough money"},
	{"4000008400001629", "visa", "credit", "US", fate{secure: secureAlways, failsLater: true, code: "card_declined", decline: "generic_decline"},
		"3-D Secure, then declined"},
	{"4000000000000259", "visa", "credit", "US", fate{dispute: "fraudulent"}, "Succeeds, then is disputed as fraudulent"},
	{"4000000000002685", "visa", "credit", "US", fate{dispute: "product_not_received"}, "Succeeds, then is disputed as not received"},
	{"4000000000001976", "visa", "credit", "US", fate{dispute: "fraudulent", inquiry: true}, "Succeeds, then the bank asks about it"},
	{"4000000000007726", "visa", "credit", "US", fate{refund: "pending"}, "Refunds are pending, then succeed"},
	{"4000000000005126", "visa", "credit", "US", fate{refund: "fails"}, "Refunds succeed, then fail"},
}

// bank is one magic account number of a bank.
type bank struct {
	number, name string
	fate         fate
}

const testRouting = "110000000"

var banks = []bank{
	{"000123456789", "success", fate{}},
	{"000111111113", "accountClosed", fate{bank: "account_closed"}},
	{"000111111116", "noAccount", fate{bank: "no_account"}},
	{"000222222227", "insufficientFunds", fate{bank: "insufficient_funds"}},
	{"000333333335", "debitNotAuthorized", fate{bank: "debit_not_authorized"}},
	{"000555555559", "dispute", fate{dispute: "insufficient_funds"}},
	{"000666666661", "failMicrodeposits", fate{depositsFail: true, unverified: true}},
	{"000000000009", "processing", fate{neverSettles: true}},
	{"000777777771", "microdeposits", fate{unverified: true}},
}

// magicMethods are ids that stand for a fresh method. Besides the processor's own ones, "pm_emulator_decline_" with a decline code behind it is a card
// that is declined for that reason.
var magicMethods = map[string]string{
	"pm_card_visa": "4242424242424242", "pm_card_visa_debit": "4000056655665556", "pm_card_mastercard": "5555555555554444",
	"pm_card_amex": "378282246310005", "pm_card_discover": "6011111111111117", "pm_card_diners": "3056930009020004",
	"pm_card_jcb": "3566002020360505", "pm_card_unionpay": "6200000000000005",
	"pm_card_visa_chargeDeclined": "4000000000000002", "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
	"pm_card_visa_chargeDeclinedLostCard": "4000000000009987", "pm_card_visa_chargeDeclinedStolenCard": "4000000000009979",
	"pm_card_chargeDeclined": "4000000000000002", "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
	"pm_card_chargeDeclinedIncorrectCvc": "4000000000000127", "pm_card_chargeDeclinedProcessingError": "4000000000000119",
	"pm_card_visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975", "pm_card_radarBlock": "4100000000000019",
	"pm_card_chargeCustomerFail": "4000000000000341", "pm_card_authenticationRequired": "4000002760003184",
	"pm_card_threeDSecure2Required": "4000000000003220", "pm_card_authenticationRequiredOnSetup": "4000002500003155",
	"pm_card_authenticationRequiredSetupForOffSession":              "4000003800000446",
	"pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
	"pm_card_threeDSecureRequiredChargeDeclined":                    "4000008400001629",
	"pm_card_createDispute":                                         "4000000000000259", "pm_card_createDisputeProductNotReceived": "4000000000002685",
	"pm_card_createDisputeInquiry": "4000000000001976", "pm_card_pendingRefund": "4000000000007726", "pm_card_refundFail": "4000000000005126",
}

const magicDecline = "pm_emulator_decline_"

// cardOf is what a number means. The number goes no further than this function's caller.
func cardOf(number string) card {
	for _, c := range cards {
		if c.number == number {
			return c
		}
	}
	return card{number: number, brand: brandOf(number), funding: "credit", country: "US"}
}

func brandOf(number string) string {
	for _, b := range []struct{ prefix, brand string }{
		{"4", "visa"}, {"34", "amex"}, {"37", "amex"}, {"5", "mastercard"}, {"2", "mastercard"}, {"6011", "discover"}, {"65", "discover"}, {"62", "unionpay"},
		{"35", "jcb"}, {"30", "diners"}, {"36", "diners"}, {"38", "diners"},
	} {
		if strings.HasPrefix(number, b.prefix) {
			return b.brand
		}
	}
	return "unknown"
}

// validNumber checks length and check digit.
func validNumber(number string) bool {
	if len(number) < 12 || len(number) > 19 {
		return false
	}
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
	return sum%10 == 0
}

// fingerprint tells two entries of the same number within one account apart from others, and gives the number away to nobody: it is salted with what lives
// as long as the account and is never shown.
func (e *Emulator) fingerprint(a *account, number string) string {
	sum := sha256.Sum256([]byte(a.SecretKey + "\x00" + number))
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])[:16]
}
