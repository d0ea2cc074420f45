package sheet

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// errFile says that fpdf wrote something else than it is known to write.
var errFile = errors.New("the file is not as it was expected")

// compressor deflates one stream after the other. Its tables take most of a megabyte, so they are kept.
type compressor struct {
	out bytes.Buffer
	z   *zlib.Writer
}

var compressors = sync.Pool{New: func() any {
	c := new(compressor)
	c.z = zlib.NewWriter(&c.out)
	return c
}}

// stream is data as a stream object's body, with more said of it in its dictionary.
func (c *compressor) stream(data []byte, more string) []byte {
	c.out.Reset()
	c.z.Reset(&c.out)
	_, _ = c.z.Write(data) // into memory
	_ = c.z.Close()
	body := make([]byte, 0, c.out.Len()+len(more)+80)
	body = fmt.Appendf(body, "<</Filter /FlateDecode %s/Length %d>>\nstream\n", more, c.out.Len())
	body = append(body, c.out.Bytes()...)
	return append(body, "\nendstream"...)
}

// objects takes a file of fpdf's apart: the body of object n is at n-1. The trailer is left out.
func objects(file []byte) ([][]byte, error) {
	at := bytes.LastIndex(file, []byte("startxref\n"))
	if at < 0 {
		return nil, errFile
	}
	number, _, _ := bytes.Cut(file[at+len("startxref\n"):], []byte("\n"))
	table, err := strconv.Atoi(string(number))
	if err != nil || table < 0 || table >= at {
		return nil, errFile
	}
	lines := bytes.Split(file[table:at], []byte("\n"))
	if len(lines) < 4 || string(lines[0]) != "xref" || !bytes.HasPrefix(lines[1], []byte("0 ")) {
		return nil, errFile
	}
	count, err := strconv.Atoi(string(lines[1][2:]))
	if err != nil || count < 2 || len(lines) < 2+count {
		return nil, errFile
	}
	bodies := make([][]byte, count-1)
	for n := 1; n < count; n++ {
		if bodies[n-1], err = body(file, lines[2+n], n); err != nil {
			return nil, err
		}
	}
	return bodies, nil
}

// body is what stands between obj and endobj. A stream is as long as its dictionary says, whatever is in it.
func body(file, entry []byte, n int) ([]byte, error) {
	if len(entry) < 10 {
		return nil, errFile
	}
	at, err := strconv.Atoi(string(entry[:10]))
	begin := fmt.Appendf(nil, "%d 0 obj\n", n)
	if err != nil || at < 0 || at > len(file) || !bytes.HasPrefix(file[at:], begin) {
		return nil, fmt.Errorf("object %d: %w", n, errFile)
	}
	rest := file[at+len(begin):]
	skip := 0
	if start := bytes.Index(rest, []byte("stream\n")); start >= 0 && start < bytes.Index(rest, []byte("endobj")) {
		length := bytes.LastIndex(rest[:start], []byte("/Length "))
		if length < 0 {
			return nil, fmt.Errorf("the stream of object %d: %w", n, errFile)
		}
		digits, _, _ := bytes.Cut(rest[length+len("/Length "):], []byte(">>"))
		size, err := strconv.Atoi(string(digits))
		if skip = start + len("stream\n") + size; err != nil || size < 0 || skip > len(rest) {
			return nil, fmt.Errorf("the stream of object %d: %w", n, errFile)
		}
	}
	end := bytes.Index(rest[skip:], []byte("\nendobj"))
	if end < 0 {
		return nil, fmt.Errorf("object %d: %w", n, errFile)
	}
	return rest[:skip+end], nil
}

// deflated is a plain stream compressed; every other object is as it was.
func (c *compressor) deflated(body []byte) []byte {
	const begin, dictionary, end = "<</Length ", ">>\nstream\n", "\nendstream"
	if !bytes.HasPrefix(body, []byte(begin)) {
		return body
	}
	_, data, found := bytes.Cut(body, []byte(dictionary))
	if !found || !bytes.HasSuffix(data, []byte(end)) {
		return body
	}
	return c.stream(data[:len(data)-len(end)], "")
}

// assemble writes a file of objects. Its identifier is made from what is in it.
func assemble(bodies [][]byte, root, info int) []byte {
	size := 1024
	for _, b := range bodies {
		size += len(b) + 50
	}
	out := make([]byte, 0, size)
	out = append(out, "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"...) // the second line tells programs that the file is no text
	offsets := make([]int, len(bodies))
	for i, b := range bodies {
		offsets[i] = len(out)
		out = strconv.AppendInt(out, int64(i+1), 10)
		out = append(append(append(out, " 0 obj\n"...), b...), "\nendobj\n"...)
	}
	id := sha256.Sum256(out)
	table := len(out)
	out = fmt.Appendf(out, "xref\n0 %d\n0000000000 65535 f \n", len(bodies)+1)
	for _, at := range offsets {
		out = fmt.Appendf(out, "%010d 00000 n \n", at)
	}
	return fmt.Appendf(out, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /ID [<%X> <%X>]>>\nstartxref\n%d\n%%%%EOF\n", len(bodies)+1, root, info, id[:16], id[:16], table)
}
