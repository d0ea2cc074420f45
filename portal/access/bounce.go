package access

import "time"

// Bounce says that a contact's address does not exist, by the word of a mail server: no mail goes there until the address is changed or the
// bounce cleared. The zero value is none.
type Bounce struct {
	At   time.Time
	Code string // the server's answer, like "550" or "550 5.1.1"
}
