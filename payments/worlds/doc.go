// Package worlds has no code of its own. Its tests let the payment machine live through random worlds against the emulated processors, over their real protocols: two
// nodes on one Postgres, several people with many tabs, answers that are lost, messages that are lost, doubled, late or forged, clocks that jump, and nodes that die.
// When a world has come to rest, the processor's own books and the ledger must agree to the cent, payment by payment.
//
//	go test ./payments/worlds -run Worlds -seed 17   # one world again
//	TOLLHOUSE_SOAK=100000 go test -timeout 0 ./payments/worlds -run Worlds
package worlds
