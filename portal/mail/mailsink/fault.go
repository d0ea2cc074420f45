package mailsink

import (
	"net"
)

// Mood is a way for a mail server to misbehave.
type Mood string

const (
	Healthy       Mood = ""                // takes every mail
	RefuseConn    Mood = "refuse"          // closes each new connection before the greeting
	AnswerRcpt    Mood = "answer_rcpt"     // answers RCPT TO with Code
	AnswerData    Mood = "answer_data"     // reads the mail, answers with Code, keeps nothing
	Hang          Mood = "hang"            // reads the mail and never answers; keeps nothing
	DropAfterData Mood = "drop_after_data" // keeps the mail and cuts the connection instead of answering
)

// Fault is a misbehaviour. The zero value is none.
type Fault struct {
	Mood            Mood
	Code            int // 4xx or 5xx, for AnswerRcpt and AnswerData
	Subject, Detail int // of the enhanced code, like 1 and 1 in "5.1.1"
	Times           int // how often, then the sink is healthy; 0 means until the next Break
}

// Break makes the sink misbehave from now on, instead of as before. Break(Fault{}) heals it and lets go of connections that hang.
func (s *Sink) Break(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
	close(s.healed)
	s.healed = make(chan struct{})
}

// strike reports whether the sink is in one of the moods, and counts that it was. released is closed when the fault is replaced.
func (s *Sink) strike(moods ...Mood) (f Fault, released <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range moods {
		if s.fault.Mood != m {
			continue
		}
		f = s.fault
		if s.fault.Times--; s.fault.Times == 0 {
			s.fault = Fault{}
		}
		return f, s.healed
	}
	return Fault{}, nil
}

// moodyListener closes connections while the sink refuses them.
type moodyListener struct {
	net.Listener
	sink *Sink
}

// Accept returns the next connection that is not refused.
func (l *moodyListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if f, _ := l.sink.strike(RefuseConn); f.Mood != RefuseConn {
			return conn, nil
		}
		_ = conn.Close()
	}
}
