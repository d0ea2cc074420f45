package certsdb

import (
	"path"
	"strings"
)

// A key of certmagic is a path. Two families are kept apart from the others: the three members of a certificate, and challenge answers.

// member is one file of a certificate: "certificates/<issuer>/<host>/<host>.key", ".crt" or ".json".
type member struct {
	issuer, host string
	ext          string // ".key", ".crt", ".json"
}

const (
	extKey  = ".key"
	extCert = ".crt"
	extMeta = ".json"
)

var extensions = [...]string{extCert, extKey, extMeta}

// extPrevious is where the generation before is bound to. It is no key of certmagic's.
const extPrevious = ".previous"

// parseMember reports false for anything but the three plain members: wildcards and keys set aside are ordinary objects.
func parseMember(key string) (member, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || parts[0] != "certificates" {
		return member{}, false
	}
	m := member{issuer: parts[1], host: parts[2], ext: path.Ext(parts[3])}
	if strings.HasPrefix(m.host, "wildcard_") || parts[3] != m.host+m.ext {
		return member{}, false
	}
	return m, m.ext == extKey || m.ext == extCert || m.ext == extMeta
}

// parseSite reads the directory of one certificate: "certificates/<issuer>/<host>".
func parseSite(key string) (member, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || parts[0] != "certificates" {
		return member{}, false
	}
	return member{issuer: parts[1], host: parts[2]}, true
}

func (m member) key(ext string) string {
	return "certificates/" + m.issuer + "/" + m.host + "/" + m.host + ext
}

// lease is the name under which certmagic locks the issuance for the host.
func (m member) lease() string { return "issue_cert_" + m.host }

// challengeKey maps "acme/<issuer>/challenge_tokens/<host>.json" to a key without the issuer: whoever answers a challenge knows the host
// only, and certmagic writes under the issuer that it orders from but reads under the ones that it is configured with.
func challengeKey(key string) (row, host string, ok bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 4 || parts[0] != "acme" || parts[2] != "challenge_tokens" {
		return "", "", false
	}
	host, ok = strings.CutSuffix(parts[3], ".json")
	return challengePrefix + host, host, ok
}

const challengePrefix = "challenge/"
