package main

import "fmt"

// checkDKIM shows the record that the mails' signatures need.
func checkDKIM(c Config) finding {
	key, err := c.mailKey()
	if err != nil {
		return finding{name: "dkim", err: err, mend: "correct the TOLLHOUSE_DKIM_… settings"}
	}
	if key == nil {
		return finding{name: "dkim", says: "mails are not signed here", advice: "set TOLLHOUSE_DKIM_KEY, unless the mail server signs them"}
	}
	return finding{name: "dkim", says: "mails are signed for " + key.Domain(), advice: fmt.Sprintf("this must be in DNS: %s TXT %q", key.Name(), key.Record())}
}
