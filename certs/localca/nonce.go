package localca

import (
	"math"
	"sync"
)

// nonces decides which signed requests are refused for their nonce.
type nonces struct {
	mu      sync.Mutex
	owed    float64        // refusals that the next new request gets, with the part of one that is left over from those before
	left    map[string]int // refusals to come, of requests that were refused before
	refused int
}

// RefusedNonces tells how many signed requests the Fault's BadNonces refused since the CA started.
func (c *CA) RefusedNonces() int {
	c.nonces.mu.Lock()
	defer c.nonces.mu.Unlock()
	return c.nonces.refused
}

// refuse is true for the share of calls. How often a request is refused before it passes is settled when it comes first, evenly over all: with
// chance, one client in some hundred requests would meet ten refusals in a row and give up.
func (n *nonces) refuse(share float64, request string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if share <= 0 || share < 1 && !n.owes(share, request) {
		return false
	}
	n.refused++
	return true
}

func (n *nonces) owes(share float64, request string) bool {
	left, again := n.left[request]
	if !again {
		var whole float64
		whole, n.owed = math.Modf(n.owed + share/(1-share))
		left = int(whole)
	}
	if left == 0 {
		delete(n.left, request)
		return false
	}
	if n.left == nil {
		n.left = map[string]int{}
	}
	n.left[request] = left - 1
	return true
}

// sameRequest is equal for a request and for the same with another nonce.
func sameRequest(path string, body []byte) string {
	return path + " " + signedPayload(body)
}
