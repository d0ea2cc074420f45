package emulator

import (
	"strings"
	"time"
)

// domain is a host that may show wallets.
type domain struct {
	id, name string
	enabled  bool
	good     bool
	created  time.Time
	live     bool
}

func (d *domain) key() string     { return d.id }
func (d *domain) born() time.Time { return d.created }

func (d *domain) render() obj {
	state := obj{"status": "active"}
	if !d.good {
		state = obj{"status": "inactive", "status_details": obj{"error_message": "The domain could not be verified: its name is reserved for failures."}}
	}
	return obj{
		"id": d.id, "object": "payment_method_domain", "apple_pay": state, "created": d.created.Unix(), "domain_name": d.name, "enabled": d.enabled,
		"google_pay": state, "link": state, "livemode": d.live, "paypal": state,
	}
}

// createDomain registers a host. One that begins with "unverified." is not accepted by the wallets.
func (c *call) createDomain() (obj, error) {
	name := c.p.str("domain_name")
	if name == "" {
		return nil, required("domain_name")
	}
	if strings.ContainsAny(name, "/: ") || !strings.Contains(name, ".") || name != strings.ToLower(name) {
		return nil, invalid("domain_name", "", "Invalid domain name: write the host alone, in lower case, like pay.example.com.")
	}
	for _, d := range c.acct.domains.list {
		if d.name == name {
			return d.render(), nil
		}
	}
	enabled := !c.p.has("enabled") || c.p.bool("enabled")
	d := &domain{
		id: c.e.Source.ID("pmd_", 24), name: name, enabled: enabled, good: !strings.HasPrefix(name, "unverified."), created: c.now, live: c.acct.Live,
	}
	c.acct.domains.add(d)
	return d.render(), nil
}

func (c *call) pathDomain() (*domain, error) {
	d := c.acct.domains.get(c.r.PathValue("id"))
	if d == nil {
		return nil, missing("payment_method_domain", c.r.PathValue("id"), "payment_method_domain")
	}
	return d, nil
}

// retrieveDomain serves the look and the new check alike: the answer of the wallets does not change here.
func (c *call) retrieveDomain() (obj, error) {
	d, err := c.pathDomain()
	if err != nil {
		return nil, err
	}
	return d.render(), nil
}

func (c *call) updateDomain() (obj, error) {
	d, err := c.pathDomain()
	if err != nil {
		return nil, err
	}
	if c.p.has("enabled") {
		d.enabled = c.p.bool("enabled")
	}
	return d.render(), nil
}

func (c *call) listDomains() (obj, error) {
	name := c.p.str("domain_name")
	return page(c, c.acct.domains, func(d *domain) bool { return name == "" || name == d.name })
}
