package mail

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	gomail "github.com/wneessen/go-mail"

	"tollhouse/tenant"
)

// DKIM is a key that signs mails in a domain's name (RFC 6376). It never changes and is safe for concurrent use. It prints as where its public
// half stands in DNS.
type DKIM struct {
	domain, selector string
	key              crypto.Signer
	public           []byte // as the record carries it
}

const rsaBits = 2048 // RFC 8301 section 3.2: what verifiers must take, and no less than what signers should use

// selectorForm is a selector of one label.
var selectorForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// signedHeaders are what a signature covers. A reader's program shows them, or acts on them; those that a mail does not have cannot be added
// behind the signature's back.
var signedHeaders = []string{"From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	"In-Reply-To", "References", "Auto-Submitted", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"}

// sealedHeaders are covered once more, so that no second one of them can be put before the first (RFC 6376 section 8.15).
var sealedHeaders = []string{"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}

// NewDKIM reads a key for signing in a domain's name: PEM of an RSA key of 2048 bits or more, or of an Ed25519 key. Its errors do not repeat
// the key.
func NewDKIM(domain, selector string, keyPEM []byte) (*DKIM, error) {
	host, err := tenant.ParseHostname(domain)
	if err != nil {
		return nil, fmt.Errorf("the DKIM domain: %w", err)
	}
	if !selectorForm.MatchString(selector) {
		return nil, errors.New("the DKIM selector must be one label of a-z, 0-9 and hyphens")
	}
	d := &DKIM{domain: host.String(), selector: selector}
	if d.key, err = gomail.PrivKeyFromPEM(keyPEM); err != nil {
		return nil, errors.New("the DKIM key is no private key in PEM")
	}
	switch public := d.key.Public().(type) {
	case *rsa.PublicKey:
		if public.N.BitLen() < rsaBits {
			return nil, fmt.Errorf("the DKIM key has %d bits; RSA keys need %d", public.N.BitLen(), rsaBits)
		}
		d.public, err = x509.MarshalPKIXPublicKey(public)
	case ed25519.PublicKey:
		d.public = public // bare, RFC 8463 section 4
	}
	return d, err
}

// MintDKIM makes an RSA key of 2048 bits, in PEM: Ed25519 is not understood by all who verify. It takes about 0.2 s.
func MintDKIM() (keyPEM []byte, err error) {
	key, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return nil, fmt.Errorf("making a DKIM key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("writing a DKIM key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Name is where the record with the public half stands.
func (d *DKIM) Name() string { return d.selector + "._domainkey." + d.domain }

// Domain is whose name it signs in.
func (d *DKIM) Domain() string { return d.domain }

// Record is the TXT record with the public half.
func (d *DKIM) Record() string {
	kind := "rsa"
	if _, ok := d.key.(ed25519.PrivateKey); ok {
		kind = "ed25519"
	}
	return "v=DKIM1; k=" + kind + "; p=" + d.Public()
}

// Public is the public half in base64, as the record's p= has it.
func (d *DKIM) Public() string { return base64.StdEncoding.EncodeToString(d.public) }

// String names the key.
func (d *DKIM) String() string { return d.Name() }

// GoString hides the key from %#v.
func (d *DKIM) GoString() string { return d.Name() }

// LogValue names the key.
func (d *DKIM) LogValue() slog.Value { return slog.StringValue(d.Name()) }

// sign adds the signature to a mail. go-mail could sign by itself, but folds a long list of headers in the middle of a name, which no verifier
// takes. It renders a mail the same each time, so what is signed here is what is sent.
func (d *DKIM) sign(msg *gomail.Msg) error {
	s, err := dkim.NewSigner(&dkim.SignOptions{Domain: d.domain, Selector: d.selector, Signer: d.key, HeaderKeys: slices.Concat(signedHeaders, sealedHeaders),
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
	if err != nil {
		return fmt.Errorf("signing a mail: %w", err)
	}
	_, writing := msg.WriteTo(s)
	if err := errors.Join(writing, s.Close()); err != nil {
		return fmt.Errorf("signing a mail: %w", err)
	}
	name, value, _ := strings.Cut(strings.TrimSuffix(s.Signature(), "\r\n"), ": ")
	msg.SetGenHeaderPreformatted(gomail.Header(name), value)
	return nil
}
