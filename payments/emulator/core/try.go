package core

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// due tries the parcel if its plan still holds: here, or in the background under Run.
func (d *Deliveries) due(p *parcel, turn int) {
	d.mu.Lock()
	if p.turn != turn || p.State != Waiting {
		d.mu.Unlock()
		return
	}
	p.turn++ // taken
	taken, loose := p.turn, d.loose
	if loose {
		d.busy++
	}
	d.mu.Unlock()
	if !loose {
		d.try(p, taken)
		return
	}
	go func() {
		defer d.done()
		d.slots <- struct{}{}
		defer func() { <-d.slots }()
		d.try(p, taken)
	}()
}

func (d *Deliveries) done() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.busy--
	if d.busy == 0 {
		d.idle.Broadcast()
	}
}

// Wait returns once no try is under way in the background.
func (d *Deliveries) Wait() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.busy > 0 {
		d.idle.Wait()
	}
}

// background lets tries run beside each other until stop is called, which waits for those under way.
func (d *Deliveries) background() (stop func()) {
	d.mu.Lock()
	d.loose = true
	d.mu.Unlock()
	return func() {
		d.mu.Lock()
		d.loose = false
		d.mu.Unlock()
		d.Wait()
	}
}

func (d *Deliveries) try(p *parcel, taken int) {
	status, err := d.post(p.message, p.Spoil)
	now := d.clock.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	p.Tries++
	p.Status, p.Error = status, ""
	if err != nil {
		p.Error = err.Error()
		d.log.Info("webhook was not delivered", "event", p.Event, "endpoint", p.Endpoint, "error", err)
	}
	if p.turn != taken {
		return // dropped or sent again meanwhile: that plan decides
	}
	switch {
	case status >= 200 && status < 300:
		p.State, p.NextAt = Delivered, time.Time{}
	case p.Tries <= len(d.backoff):
		d.plan(p, now.Add(d.backoff[p.Tries-1]))
	default:
		p.State, p.NextAt = Failed, time.Time{}
	}
}

// post sends the message once. The status is 0 when nobody answered.
func (d *Deliveries) post(m Message, spoil Spoil) (status int, err error) {
	body := m.Body
	if spoil != "" && m.Spoil != nil {
		body = m.Spoil(spoil, body)
	}
	request, err := http.NewRequest(http.MethodPost, m.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	if m.Sign != nil {
		request.Header = m.Sign(d.signedAt(), body, spoil == WrongSignature)
	}
	if request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	return response.StatusCode, response.Body.Close()
}
