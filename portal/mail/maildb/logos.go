package maildb

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/jackc/pgx/v5"

	"tollhouse/portal/mail"
	"tollhouse/tenant"
	"tollhouse/tenant/rls"
)

// maxLogos bounds the cache; a logo that is sent is some kilobytes.
const maxLogos = 256

// logos keeps the logos of recent mails, made small. The key is a hash of the stored bytes, so an entry never grows old.
type logos struct {
	mu     sync.Mutex
	byHash map[string]mail.Image
}

func (l *logos) get(hash string) (mail.Image, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	img, ok := l.byHash[hash]
	return img, ok
}

func (l *logos) put(hash string, img mail.Image) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byHash == nil || len(l.byHash) >= maxLogos {
		l.byHash = map[string]mail.Image{}
	}
	l.byHash[hash] = img
}

// logo returns a tenant's logo for a mail: none when there is none, or when it cannot be read as a picture, for then the name will do.
func (w *Worker) logo(ctx context.Context, t tenant.ID, hash string) (mail.Image, error) {
	if img, ok := w.logos.get(hash); ok || hash == "" {
		return img, nil
	}
	const q = `SELECT bytes FROM logos WHERE tenant_id = $1 AND hash = $2`
	var stored []byte
	b := &pgx.Batch{}
	b.Queue(q, string(t), hash).QueryRow(func(row pgx.Row) error { return row.Scan(&stored) })
	if err := rls.Read(ctx, w.pool, t, b); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return mail.Image{}, fmt.Errorf("reading the logo of %s: %w", t, err)
	}
	img, err := mail.FitLogo(stored)
	if err != nil {
		img = mail.Image{}
	}
	w.logos.put(hash, img)
	return img, nil
}
