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

// checkBounces says what has to be there for mails to come back.
func checkBounces(c Config) finding {
	if c.BounceAddress == "" {
		return finding{name: "bounces", says: "mails that come back are not read", advice: "set TOLLHOUSE_BOUNCE_ADDRESS, or addresses that do not exist are written to again and again"}
	}
	return finding{name: "bounces", says: "mails come back to " + c.BounceAddress,
		advice: "its server must take what follows a plus sign for the same mailbox and hand it to `tollhouse mail bounce`, and its domain's SPF record must allow the mail server"}
}
