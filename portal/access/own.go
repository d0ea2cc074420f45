package access

import (
	"context"
	"fmt"

	"tollhouse/tenant"
)

// OwnSessions ends sessions at their holder's wish. Implemented by accessdb.
type OwnSessions interface {
	// EndOwn ends live sessions of the contact of by: the one with the id, or all for "". It returns the hashes that their copies are cached
	// under. ErrNoSession: by itself does not stand any more; ErrNotFound: no session with that id is the contact's own. One that has ended
	// already is left as it is.
	EndOwn(ctx context.Context, by Session, id string, v Visitor) (tokenHashes [][32]byte, err error)
}

// EndOwn ends another session of the same contact, or this one, at once and on every node. ErrNotFound: it is not the contact's own;
// ErrNoSession: sess has ended meanwhile.
func (s *Service) EndOwn(ctx context.Context, sess Session, id string, v Visitor) error {
	if id == "" {
		return ErrNotFound
	}
	return s.endOwn(ctx, sess, id, v)
}

// SignOutEverywhere ends all sessions of the contact, this one too. ErrNoSession: sess has ended meanwhile.
func (s *Service) SignOutEverywhere(ctx context.Context, sess Session, v Visitor) error {
	return s.endOwn(ctx, sess, "", v)
}

func (s *Service) endOwn(ctx context.Context, sess Session, id string, v Visitor) error {
	hashes, err := s.store.EndOwn(ctx, sess, id, v)
	if err != nil {
		return fmt.Errorf("ending sessions of the contact %s: %w", sess.ContactID, err)
	}
	s.drop(ctx, sess.Tenant, hashes)
	return nil
}

// drop forgets the copies of sessions that have ended.
func (s *Service) drop(ctx context.Context, t tenant.ID, hashes [][32]byte) {
	for _, hash := range hashes {
		s.cache.DropSession(ctx, t, hash)
	}
}
