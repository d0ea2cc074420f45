package emulator

import (
	"strings"
)

// mostExpansions and deepest bound what a caller may ask for.
const (
	mostExpansions = 20
	deepest        = 4
)

// expand replaces ids by objects where the call's expand parameters say so.
func (c *call) expand(o obj) error {
	paths := c.p.strings("expand")
	if len(paths) > mostExpansions {
		return invalid("expand", "", "You cannot expand more than 20 properties.")
	}
	for _, path := range paths {
		steps := strings.Split(path, ".")
		if len(steps) > deepest {
			return invalid("expand", "", "You cannot expand more than 4 levels of a property.")
		}
		if !c.expandInto(o, steps) {
			return invalid("expand[0]", "", "This property cannot be expanded ("+path+").")
		}
	}
	return nil
}

func (c *call) expandInto(o obj, steps []string) bool {
	if len(steps) == 0 {
		return true
	}
	if o["object"] == "charge" && steps[0] == "refunds" { // left out unless it is asked for
		o["refunds"] = c.acct.charges.get(o["id"].(string)).refundList()
	}
	value, found := o[steps[0]]
	if !found {
		return false
	}
	switch v := value.(type) {
	case nil:
		return true
	case string:
		inner := c.acct.find(v)
		if inner == nil {
			return false
		}
		o[steps[0]] = inner
		return c.expandInto(inner, steps[1:])
	case obj:
		return c.expandInto(v, steps[1:])
	case []obj:
		for _, inner := range v {
			if !c.expandInto(inner, steps[1:]) {
				return false
			}
		}
		return true
	}
	return false
}

// find shows the object of an id; nil when there is none.
func (a *account) find(id string) obj {
	prefix, _, _ := strings.Cut(id, "_")
	var found thing
	switch prefix {
	case "cus":
		found = a.customers.see(id)
	case "pm":
		found = a.methods.see(id)
	case "pi":
		found = a.intents.see(id)
	case "seti":
		found = a.setups.see(id)
	case "ch", "py":
		found = a.charges.see(id)
	case "re":
		found = a.refunds.see(id)
	case "dp":
		found = a.disputes.see(id)
	case "txn":
		found = a.txns.see(id)
	case "mandate":
		found = a.mandates.see(id)
	}
	if found == nil {
		return nil
	}
	return found.render()
}

// see is get as a thing that is truly nil for an unknown id.
func (t *table[T]) see(id string) thing {
	if _, found := t.rows[id]; !found {
		return nil
	}
	return t.get(id)
}
