package emulator

import (
	"slices"
	"strings"
	"time"
)

// obj is a JSON object on its way out.
type obj map[string]any

// thing is anything with an id that lists show.
type thing interface {
	key() string
	born() time.Time
	render() obj
}

// table holds things of one kind in the order they came. Guarded by Emulator.mu.
type table[T thing] struct {
	url  string
	rows map[string]int // absolute positions
	list []T
	base int // how many were forgotten from the front
}

func newTable[T thing](url string) *table[T] { return &table[T]{url: url, rows: map[string]int{}} }

func (t *table[T]) add(v T) {
	t.rows[v.key()] = t.base + len(t.list)
	t.list = append(t.list, v)
}

// get is the zero T, which is nil, for an unknown id.
func (t *table[T]) get(id string) T {
	if at, found := t.rows[id]; found {
		return t.list[at-t.base]
	}
	var none T
	return none
}

// forgetOldest drops the oldest one.
func (t *table[T]) forgetOldest() {
	delete(t.rows, t.list[0].key())
	var none T
	t.list[0] = none
	t.list = t.list[1:]
	t.base++
}

// forgetID drops one that is the oldest or near it.
func (t *table[T]) forgetID(id string) {
	at, found := t.rows[id]
	if !found {
		return
	}
	delete(t.rows, id)
	i := at - t.base
	t.list = slices.Delete(t.list, i, i+1)
	for j := i; j < len(t.list); j++ {
		t.rows[t.list[j].key()] = t.base + j
	}
}

const (
	defaultPage = 10
	longestPage = 100
)

// page lists newest first, as the caller's limit, cursor and created window say.
func page[T thing](c *call, t *table[T], keep func(T) bool) (obj, error) {
	limit, err := c.p.int("limit", defaultPage)
	if err != nil || limit < 1 || limit > longestPage {
		return nil, invalid("limit", "parameter_invalid_integer", "Invalid integer: limit must be 1 to 100")
	}
	window, err := c.p.window("created")
	if err != nil {
		return nil, err
	}
	from, to := len(t.list)-1, 0 // downward, both included
	after, before := c.p.str("starting_after"), c.p.str("ending_before")
	for name, id := range map[string]string{"starting_after": after, "ending_before": before} {
		if _, known := t.rows[id]; id != "" && !known {
			return nil, missing(strings.TrimSuffix(strings.TrimPrefix(t.url, "/v1/"), "s"), id, name)
		}
	}
	if after != "" {
		from = t.rows[after] - t.base - 1
	}
	var found []T
	match := func(v T) bool { return window.holds(v.born()) && (keep == nil || keep(v)) }
	if before != "" {
		to = t.rows[before] - t.base + 1
		for i := to; i < len(t.list) && int64(len(found)) <= limit; i++ { // the nearest ones, then turned round
			if match(t.list[i]) {
				found = append(found, t.list[i])
			}
		}
		data, more := listed(found, limit, true)
		return list(t.url, data, more), nil
	}
	for i := from; i >= to && int64(len(found)) <= limit; i-- {
		if match(t.list[i]) {
			found = append(found, t.list[i])
		}
	}
	data, more := listed(found, limit, false)
	return list(t.url, data, more), nil
}

func listed[T thing](found []T, limit int64, turn bool) (data []obj, more bool) {
	if more = int64(len(found)) > limit; more {
		found = found[:limit]
	}
	data = make([]obj, len(found))
	for i, v := range found {
		data[i] = v.render()
	}
	if turn {
		slices.Reverse(data)
	}
	return data, more
}

func list(url string, data []obj, more bool) obj {
	return obj{"object": "list", "url": url, "has_more": more, "data": data}
}
