package emulator

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are the form-encoded parameters of a call: nested names are written like "card[number]".
type params url.Values

func (p params) str(name string) string { return url.Values(p).Get(name) }

func (p params) has(name string) bool {
	if _, ok := p[name]; ok {
		return true
	}
	for key := range p {
		if strings.HasPrefix(key, name+"[") {
			return true
		}
	}
	return false
}

func (p params) int(name string, otherwise int64) (int64, error) {
	text := p.str(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, invalid(name, "parameter_invalid_integer", "Invalid integer: "+text)
	}
	return n, nil
}

func (p params) bool(name string) bool { return p.str(name) == "true" }

// strings are the values of an array, "name[0]" and so on or "name[]".
func (p params) strings(name string) []string {
	out := slices.Clone(p[name+"[]"])
	for i := 0; ; i++ {
		value, found := p[name+"["+strconv.Itoa(i)+"]"]
		if !found {
			return out
		}
		out = append(out, value...)
	}
}

// merge puts the given entries of a map into m: an empty value takes an entry away, an empty map all.
func (p params) merge(name string, m map[string]string) map[string]string {
	if value, given := p[name]; given && len(value) > 0 && value[0] == "" {
		return map[string]string{}
	}
	if m == nil {
		m = map[string]string{}
	}
	for key, values := range p {
		entry, found := strings.CutPrefix(key, name+"[")
		if !found || !strings.HasSuffix(entry, "]") {
			continue
		}
		if entry = strings.TrimSuffix(entry, "]"); values[0] == "" {
			delete(m, entry)
		} else {
			m[entry] = values[0]
		}
	}
	return m
}

// metadata is merge for metadata, with its limits.
func (p params) metadata(m map[string]string) (map[string]string, error) {
	m = p.merge("metadata", m)
	if len(m) > 50 {
		return nil, invalid("metadata", "", "Metadata can have at most 50 keys")
	}
	for key, value := range m {
		if len(key) > 40 {
			return nil, invalid("metadata", "", "Metadata keys can be at most 40 characters long; \""+key+"\" is longer")
		}
		if len([]rune(value)) > 500 {
			return nil, invalid("metadata["+key+"]", "", "Metadata values can be at most 500 characters long")
		}
	}
	return m, nil
}

// unknown is the first parameter whose outermost name is not allowed; empty when all are.
func (p params) unknown(allowed string) string {
	names := strings.Fields(allowed)
	keys := make([]string, 0, len(p))
	for key := range p {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		outer, _, _ := strings.Cut(key, "[")
		if outer != "expand" && !slices.Contains(names, outer) {
			return outer
		}
	}
	return ""
}

// window is a range of times, in whole seconds; a zero bound is open.
type window struct{ from, to int64 }

func (w window) holds(t time.Time) bool {
	return (w.from == 0 || t.Unix() >= w.from) && (w.to == 0 || t.Unix() <= w.to)
}

func (p params) window(name string) (w window, err error) {
	var exact, gt, gte, lt, lte int64
	for key, field := range map[string]*int64{name: &exact, name + "[gt]": &gt, name + "[gte]": &gte, name + "[lt]": &lt, name + "[lte]": &lte} {
		if *field, err = p.int(key, 0); err != nil {
			return w, err
		}
	}
	w = window{from: max(gte, exact), to: lte}
	if gt != 0 {
		w.from = max(w.from, gt+1)
	}
	if lt != 0 && (w.to == 0 || lt-1 < w.to) {
		w.to = lt - 1
	}
	if exact != 0 {
		w.to = exact
	}
	return w, nil
}
