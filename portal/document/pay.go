package document

import (
	"strings"

	"rsc.io/qr"

	"tollhouse/portal/document/typeset"
)

// codeSide is how wide a QR code is printed, and finest how many squares it may have a side for a telephone to tell them apart on paper.
const (
	codeSide = 72 * pt
	finest   = 57
)

// howToPay is the way to the portal and the tenant's own instructions, for an invoice that asks for money.
func (i invoice) howToPay() {
	if !i.Status.IsDue() {
		return
	}
	url, instructions := i.address(), strings.Trim(typeset.Clean(i.Instructions), " \n")
	if url == "" && instructions == "" {
		return
	}
	i.need(codeSide + 3*lead(body))
	i.rule(0, i.width, hair, i.colors.Line)
	i.y += 12 * pt
	i.put(i.fit(i.words.HowToPay, typeset.Bold, 11*pt, i.width), 0, i.width, start, i.colors.Text)
	i.y += lead(11*pt) + 8*pt // a code needs white around it
	if url != "" {
		instructions = i.online(url, instructions)
	}
	if instructions == "" {
		return
	}
	if url != "" {
		i.need(3 * lead(body))
		i.heading(i.words.OtherWays, 0, i.width)
	}
	i.transfer(instructions, 0, i.width)
	i.y += 12 * pt
}

// transfer is the tenant's instructions, and what to write on the transfer.
func (i invoice) transfer(instructions string, from, width length) {
	i.flow(instructions, from, width, body, i.colors.Text)
	i.flow(fill(i.words.NameTheNumber, "number", value(i.number)), from, width, small, i.colors.TextQuiet)
}

// address is the portal's, when it is one: what goes into a code is followed unread.
func (i invoice) address() string {
	url := typeset.OneLine(i.PortalURL)
	if !strings.HasPrefix(url, "https://") || strings.ContainsAny(url, " ?#@") {
		return "" // a query, a fragment or a password may be a secret, and paper is passed around
	}
	return url
}

// online is the code and, beside it, the address that it holds, and the instructions when they are short. It returns what is left of them.
func (i invoice) online(url, instructions string) string {
	top, from, sentence := i.y, length(0), i.words.Open
	if code, err := qr.Encode(url, qr.M); err == nil && code.Size <= finest {
		side := codeSide / length(code.Size)
		i.sheet.Cells(i.x(0, side*length(code.Size)), i.y, side, code.Size, i.colors.Text, code.Black)
		from, sentence = codeSide+gap, i.words.Scan
	}
	room := i.width - from
	for _, line := range i.prose(sentence, typeset.Regular, body, room) {
		i.put(set{line, body}, from, room, start, i.colors.Text)
		i.y += lead(body)
	}
	for _, line := range i.shape(url, typeset.Bold, typeset.LTR).Lines(body, room) {
		i.put(set{line, body}, from, room, start, i.colors.PrimaryText)
		width := line.Width.At(body)
		x := i.x(from, width)
		i.sheet.Link(x, i.y, width, lead(body), url)
		i.y += lead(body)
	}
	i.y += 8 * pt
	lines := length(len(i.prose(instructions, typeset.Regular, body, room)))
	if height := (lines + 3) * lead(body); from > 0 && lines > 0 && lines <= 8 && i.y+height < i.bottom {
		i.heading(i.words.OtherWays, from, room)
		i.transfer(instructions, from, room)
		instructions = ""
	}
	if from > 0 {
		i.y = max(i.y, top+codeSide)
	}
	i.y += 10 * pt
	return instructions
}
