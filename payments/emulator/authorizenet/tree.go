package authorizenetemu

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// node is a JSON value that remembers the order of its keys, because the schema asks for it.
type node struct {
	kind    byte // '{', '[', 's' for any scalar
	text    string
	members []member
	items   []*node
}

type member struct {
	name  string
	value *node
}

const maxDepth = 20

var errTree = errors.New("the request is no JSON value")

// parseTree reads one JSON value.
func parseTree(body []byte) (*node, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	n, err := readNode(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errTree
	}
	return n, nil
}

func readNode(d *json.Decoder, depth int) (*node, error) {
	token, err := d.Token()
	if err != nil || depth > maxDepth {
		return nil, errTree
	}
	delim, nested := token.(json.Delim)
	if !nested {
		return &node{kind: 's', text: scalar(token)}, nil
	}
	n := &node{kind: byte(delim)}
	for d.More() {
		if err := n.readPart(d, depth); err != nil {
			return nil, err
		}
	}
	_, err = d.Token()
	return n, err
}

func (n *node) readPart(d *json.Decoder, depth int) error {
	name := ""
	if n.kind == '{' {
		token, err := d.Token()
		if err != nil {
			return errTree
		}
		name = fmt.Sprint(token)
	}
	part, err := readNode(d, depth+1)
	if err != nil {
		return err
	}
	if n.kind == '{' {
		n.members = append(n.members, member{name, part})
	} else {
		n.items = append(n.items, part)
	}
	return nil
}

func scalar(token json.Token) string {
	if token == nil {
		return ""
	}
	return fmt.Sprint(token)
}

// at follows names down to a value; what is not there is an empty node, so that a path can be followed blindly.
func (n *node) at(path ...string) *node {
	for _, name := range path {
		n = n.child(name)
	}
	return n
}

func (n *node) child(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return &node{}
}

// has reports whether there is an element of this name.
func (n *node) has(name string) bool {
	for _, m := range n.members {
		if m.name == name {
			return true
		}
	}
	return false
}

// all are the elements of a list, which may be one bare element.
func (n *node) all() []*node {
	switch n.kind {
	case '[':
		return n.items
	case 0:
		return nil
	}
	return []*node{n}
}
