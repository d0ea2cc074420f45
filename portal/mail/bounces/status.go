package bounces

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"tollhouse/portal/mail"
)

// mostRecipients bounds the groups of a report; a mail of ours has one recipient.
const mostRecipients = 50

// delivery reads the part of a delivery report that programs read (RFC 3464 section 2.1): a group about the message, then one a recipient.
func delivery(body io.Reader) (finding, error) {
	groups, err := fields(body)
	if err != nil {
		return finding{}, err
	}
	var found finding
	for _, g := range groups {
		if g.Get("Action") == "" && g.Get("Final-Recipient") == "" {
			continue // about the message
		}
		o, err := outcome(g)
		if err != nil {
			return finding{}, err
		}
		found.outcomes = append(found.outcomes, o)
	}
	if len(found.outcomes) == 0 {
		return finding{}, fmt.Errorf("%w: its report names no recipient", ErrMalformed)
	}
	return found, nil
}

// fields reads groups of fields with blank lines between them.
func fields(body io.Reader) ([]textproto.MIMEHeader, error) {
	text, err := start(body, mostStatus)
	if err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, fmt.Errorf("%w: NUL in its report", ErrMalformed)
	}
	r := textproto.NewReader(bufio.NewReader(bytes.NewReader(text)))
	var groups []textproto.MIMEHeader
	for len(groups) <= mostRecipients {
		g, err := r.ReadMIMEHeader()
		if len(g) > 0 {
			groups = append(groups, g)
		}
		if errors.Is(err, io.EOF) {
			return groups, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: its report cannot be read", ErrMalformed)
		}
	}
	return nil, fmt.Errorf("%w: its report names too many recipients", ErrMalformed)
}

// outcome reads one recipient's group.
func outcome(g textproto.MIMEHeader) (Outcome, error) {
	var o Outcome
	for _, name := range []string{"Original-Recipient", "Final-Recipient"} {
		if address := typed(g.Get(name)); address != "" {
			o.Recipients = append(o.Recipients, strings.ToLower(address))
		}
	}
	if len(o.Recipients) == 0 {
		return o, fmt.Errorf("%w: its report names no recipient", ErrMalformed)
	}
	code := codeOf(g.Get("Status"), g.Get("Diagnostic-Code"))
	o.Code = code.String()
	switch action := strings.ToLower(firstWord(g.Get("Action"))); {
	case action == "delayed":
		o.Kind = Delayed
	case action == "delivered" || action == "relayed" || action == "expanded":
		o.Kind = Nothing
	case action == "failed":
		o.Kind = code.failure()
	default:
		return o, fmt.Errorf("%w: its report says %.20q of a recipient", ErrMalformed, action)
	}
	return o, nil
}

// typed drops the type before a value: "rfc822; a@b.example", also in angle brackets.
func typed(value string) string {
	_, rest, ok := strings.Cut(value, ";")
	if !ok {
		return ""
	}
	return strings.Trim(strings.TrimSpace(rest), "<>")
}

func firstWord(s string) string {
	if words := strings.Fields(s); len(words) > 0 {
		return words[0]
	}
	return ""
}

// code is a mail server's answer: the three digits of SMTP and the enhanced ones (RFC 3463), as far as they are known.
type code struct {
	reply    int    // 0: unknown
	enhanced string // "": unknown
}

var (
	enhancedForm = regexp.MustCompile(`(?:^|[^0-9.])([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:$|[^0-9.])`)
	replyForm    = regexp.MustCompile(`(?:^|[^0-9.])([45][0-9]{2})(?:$|[^0-9.])`)
)

// codeOf prefers what the far server said to how the near one sums it up: a report's own "5.0.0" says nothing.
func codeOf(status, diagnostic string) code {
	c := codeIn(diagnostic)
	if own := firstMatch(enhancedForm, status); c.enhanced == "" && own != "" && !strings.HasSuffix(own, ".0.0") || c == (code{}) {
		c.enhanced = own
	}
	return c
}

func codeIn(text string) code {
	reply, _ := strconv.Atoi(firstMatch(replyForm, text))
	return code{reply: reply, enhanced: firstMatch(enhancedForm, text)}
}

func firstMatch(form *regexp.Regexp, text string) string {
	if m := form.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// String is the code as it is kept.
func (c code) String() string {
	reply := ""
	if c.reply != 0 {
		reply = strconv.Itoa(c.reply)
	}
	return strings.TrimSpace(reply + " " + c.enhanced)
}

// failure says what was refused for good: a server that gave up after days of trying says nothing of the address.
func (c code) failure() Kind {
	reply := c.reply
	if reply == 0 && strings.HasPrefix(c.enhanced, "5.") {
		reply = 500
	}
	if mail.NoSuchMailbox(reply, c.enhanced) {
		return Gone
	}
	return Refused
}

// complaint reads what a mailbox's owner says of a mail (RFC 5965). Who complains is often left out, and it is the mail that counts.
func complaint(body io.Reader) (finding, error) {
	groups, err := fields(body)
	if err != nil {
		return finding{}, err
	}
	if len(groups) == 0 || groups[0].Get("Feedback-Type") == "" {
		return finding{}, fmt.Errorf("%w: its complaint does not say of what kind it is", ErrMalformed)
	}
	found := finding{outcomes: []Outcome{{Kind: Nothing}}, returnTo: groups[0].Get("Original-Mail-From")}
	if kind := strings.ToLower(groups[0].Get("Feedback-Type")); kind == "abuse" || kind == "fraud" || kind == "opt-out" {
		found.outcomes[0].Kind = Complaint
	}
	return found, nil
}
