package authorizenetemu

import (
	"slices"
	"strings"
)

// mostMethods is how many methods the processor keeps for a customer.
const mostMethods = 10

var notFound = &problem{"E00040", "The record cannot be found."}

type profile struct {
	id, merchantID, description, email string
	methods                            []*method
}

type method struct {
	id   string
	what instrument
}

func (p *profile) method(id string) *method {
	for _, m := range p.methods {
		if m.id == id {
			return m
		}
	}
	return nil
}

// createCustomer refuses a twin, and tells of it in a sentence only.
func (e *Emulator) createCustomer(c call) (object, *problem) {
	n := c.body.at("profile")
	p := &profile{merchantID: n.at("merchantCustomerId").text, description: n.at("description").text, email: n.at("email").text}
	if p.merchantID == "" && p.description == "" && p.email == "" {
		return nil, &problem{"E00041", "One or more fields in the profile must contain a value."}
	}
	for _, old := range c.m.profiles {
		if old.merchantID == p.merchantID && old.description == p.description && old.email == p.email {
			return nil, &problem{"E00039", "A duplicate record with ID " + old.id + " already exists."}
		}
	}
	p.id = e.id()
	c.m.profiles[p.id] = p
	return object{"customerProfileId": p.id, "customerPaymentProfileIdList": []string{}, "customerShippingAddressIdList": []string{},
		"validationDirectResponseList": []string{}}, nil
}

func (e *Emulator) getCustomer(c call) (object, *problem) {
	p := c.m.profiles[c.body.at("customerProfileId").text]
	if ours := c.body.at("merchantCustomerId").text; p == nil && ours != "" {
		for _, one := range c.m.profiles {
			if one.merchantID == ours && (p == nil || one.id < p.id) {
				p = one
			}
		}
	}
	if p == nil {
		return nil, notFound
	}
	methods := []object{}
	for _, m := range p.methods {
		pay := m.what.masked()
		if card, ok := pay["creditCard"].(object); ok && c.body.at("unmaskExpirationDate").text == "true" {
			card["expirationDate"] = m.what.expiry
		}
		methods = append(methods, object{"customerPaymentProfileId": m.id, "payment": pay, "billTo": m.what.billTo.object(), "customerType": "individual"})
	}
	return object{"profile": object{"customerProfileId": p.id, "merchantCustomerId": p.merchantID, "description": p.description, "email": p.email,
		"profileType": "regular", "paymentProfiles": methods}}, nil
}

func (e *Emulator) createMethod(c call) (object, *problem) {
	n := c.body.at("paymentProfile")
	p := c.m.profiles[c.body.at("customerProfileId").text]
	switch {
	case p == nil:
		return nil, notFound
	case len(p.methods) >= mostMethods:
		return nil, &problem{"E00042", "You cannot add more than 10 payment profiles."}
	}
	opaque := n.at("payment", "opaqueData")
	what, fault := e.spend(c.m, opaque.at("dataDescriptor").text, opaque.at("dataValue").text)
	if fault != nil {
		return nil, fault
	}
	if n.has("billTo") {
		what.billTo = n.at("billTo").address()
	}
	id, fault := e.addMethod(p, what)
	answer := object{"customerProfileId": p.id, "customerPaymentProfileId": id}
	if fault != nil {
		return answer, fault
	}
	if c.body.at("validationMode").text != "liveMode" {
		return answer, nil
	}
	tx := &transaction{what: what}
	if code, reason := tx.verdict(c.m); code != 1 && code != 4 {
		p.methods = p.methods[:len(p.methods)-1]
		direct := strings.Join([]string{formatInt(int64(code)), "1", formatInt(int64(reason)), reasonText(reason), "", "N"}, ",")
		return object{"customerProfileId": p.id, "validationDirectResponse": direct}, &problem{"E00027", reasonText(reason)}
	}
	return answer, nil
}

// addMethod refuses a twin, and names it in the field.
func (e *Emulator) addMethod(p *profile, what instrument) (string, *problem) {
	for _, old := range p.methods {
		if old.what.print == what.print && old.what.expiry == what.expiry && old.what.billTo == what.billTo {
			return old.id, &problem{"E00039", "A duplicate customer payment profile already exists."}
		}
	}
	if len(p.methods) >= mostMethods {
		return "", &problem{"E00042", "You cannot add more than 10 payment profiles."}
	}
	m := &method{id: e.id(), what: what}
	p.methods = append(p.methods, m)
	return m.id, nil
}

// keepMethod keeps what paid a transaction.
func (e *Emulator) keepMethod(c call) (object, *problem) {
	tx, p := c.m.byID[c.body.at("transId").text], c.m.profiles[c.body.at("customerProfileId").text]
	if tx == nil || p == nil || tx.code != 1 {
		return nil, notFound
	}
	id, fault := e.addMethod(p, tx.what)
	if fault != nil {
		return object{"customerProfileId": p.id, "customerPaymentProfileId": id}, fault
	}
	return object{"customerProfileId": p.id, "customerPaymentProfileIdList": []string{id}, "customerShippingAddressIdList": []string{},
		"validationDirectResponseList": []string{}}, nil
}

func (e *Emulator) deleteMethod(c call) (object, *problem) {
	p := c.m.profiles[c.body.at("customerProfileId").text]
	if p == nil || p.method(c.body.at("customerPaymentProfileId").text) == nil {
		return nil, notFound
	}
	p.methods = slices.DeleteFunc(p.methods, func(m *method) bool { return m.id == c.body.at("customerPaymentProfileId").text })
	return object{}, nil
}

func (e *Emulator) deleteCustomer(c call) (object, *problem) {
	id := c.body.at("customerProfileId").text
	if c.m.profiles[id] == nil {
		return nil, notFound
	}
	delete(c.m.profiles, id)
	return object{}, nil
}
