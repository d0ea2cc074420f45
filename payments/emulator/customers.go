package emulator

import (
	"time"
)

type customer struct {
	id, name, email, phone, description string
	defaultMethod                       string
	created                             time.Time
	live, deleted                       bool
	metadata                            map[string]string
	address                             map[string]string
	locales                             []string
}

func (u *customer) key() string     { return u.id }
func (u *customer) born() time.Time { return u.created }

func (u *customer) render() obj {
	if u.deleted {
		return obj{"id": u.id, "object": "customer", "deleted": true}
	}
	var address any
	if len(u.address) > 0 {
		parts := obj{}
		for _, part := range []string{"city", "country", "line1", "line2", "postal_code", "state"} {
			parts[part] = null(u.address[part])
		}
		address = parts
	}
	return obj{
		"id": u.id, "object": "customer", "address": address, "balance": 0, "created": u.created.Unix(), "currency": nil, "default_source": nil,
		"delinquent": false, "description": null(u.description), "email": null(u.email), "livemode": u.live, "metadata": u.metadata,
		"name": null(u.name), "phone": null(u.phone), "preferred_locales": u.locales, "shipping": nil, "tax_exempt": "none",
		"invoice_settings": obj{"custom_fields": nil, "default_payment_method": null(u.defaultMethod), "footer": nil, "rendering_options": nil},
	}
}

// customer finds one that is not deleted.
func (c *call) customer(id, param string) (*customer, error) {
	u := c.acct.customers.get(id)
	if u == nil || u.deleted {
		return nil, missing("customer", id, param)
	}
	return u, nil
}

func (c *call) createCustomer() (obj, error) {
	u := &customer{id: c.e.Source.ID("cus_", 14), created: c.now, live: c.acct.Live, locales: []string{}}
	if err := c.changeCustomer(u); err != nil {
		return nil, err
	}
	c.acct.customers.add(u)
	if c.p.str("payment_method") != "" {
		m, err := c.useMethod("payment_method")
		if err != nil {
			return nil, err
		}
		if wrong := c.attach(m, u); wrong != nil {
			return nil, wrong
		}
	}
	c.e.emit(c.acct, "customer.created", u.id, u.render(), c)
	return u.render(), nil
}

func (c *call) changeCustomer(u *customer) error {
	metadata, err := c.p.metadata(u.metadata)
	if err != nil {
		return err
	}
	if m := c.p.str("invoice_settings[default_payment_method]"); m != "" {
		found := c.acct.methods.get(m)
		if found == nil || found.customer != u.id {
			return invalid("invoice_settings[default_payment_method]", "resource_missing", "No such PaymentMethod: '"+m+
				"'; the payment method must be attached to the customer first.")
		}
		u.defaultMethod = m
	} else if _, emptied := c.p["invoice_settings[default_payment_method]"]; emptied {
		u.defaultMethod = ""
	}
	for name, field := range map[string]*string{"name": &u.name, "email": &u.email, "phone": &u.phone, "description": &u.description} {
		if c.p.has(name) {
			*field = c.p.str(name)
		}
	}
	if locales := c.p.strings("preferred_locales"); len(locales) > 0 {
		u.locales = locales
	}
	u.metadata, u.address = metadata, c.p.merge("address", u.address)
	return nil
}

func (c *call) retrieveCustomer() (obj, error) {
	u := c.acct.customers.get(c.r.PathValue("id"))
	if u == nil {
		return nil, missing("customer", c.r.PathValue("id"), "id")
	}
	return u.render(), nil
}

func (c *call) updateCustomer() (obj, error) {
	u, err := c.customer(c.r.PathValue("id"), "id")
	if err != nil {
		return nil, err
	}
	if err := c.changeCustomer(u); err != nil {
		return nil, err
	}
	c.e.emit(c.acct, "customer.updated", u.id, u.render(), c)
	return u.render(), nil
}

func (c *call) deleteCustomer() (obj, error) {
	u, err := c.customer(c.r.PathValue("id"), "id")
	if err != nil {
		return nil, err
	}
	c.e.emit(c.acct, "customer.deleted", u.id, u.render(), c)
	u.deleted = true
	for _, m := range c.acct.methods.list {
		if m.customer == u.id {
			m.customer, m.used = "", true
		}
	}
	return u.render(), nil
}

func (c *call) listCustomers() (obj, error) {
	email := c.p.str("email")
	return page(c, c.acct.customers, func(u *customer) bool { return !u.deleted && (email == "" || email == u.email) })
}
