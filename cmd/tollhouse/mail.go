package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"tollhouse/portal/mail/bounces"
	"tollhouse/portal/mail/maildb"
)

type mailCmd struct {
	Bounce mailBounceCmd `cmd:"" help:"Take one mail that came back, from a mail server's pipe."`
}

type mailBounceCmd struct {
	Address string `arg:"" optional:"" help:"Address that the message came to, as the mail server's envelope has it; else it is taken from the header."`
}

// Help is shown by `tollhouse mail bounce --help`.
func (mailBounceCmd) Help() string {
	return "Reads one message from standard input. Let the mail server of TOLLHOUSE_BOUNCE_ADDRESS run it for every message to that address with anything after a plus sign, as with Postfix:\n\n" +
		"  tollhouse unix - n n - 4 pipe flags=Rq user=tollhouse argv=/usr/bin/tollhouse --config /etc/tollhouse.conf mail bounce ${recipient}\n\n" +
		"Exits as such servers expect: 0 when the message is taken care of, 65 when it is damaged, too long or about somebody else, 67 when its address is of no mail of ours, 75 when it should be brought again later."
}

// What a mail server makes of an exit, from sysexits.h.
const (
	exitData   exitError = 65 // EX_DATAERR: sent back, and as a notice has no sender, dropped
	exitNoUser exitError = 67 // EX_NOUSER
	exitLater  exitError = 75 // EX_TEMPFAIL: kept and brought again
)

// piped is an error with the exit code that a mail server understands.
type piped struct {
	code exitError
	err  error
}

func (p piped) Error() string   { return p.err.Error() }
func (p piped) Unwrap() []error { return []error{p.code, p.err} }

// Run takes one message.
func (c mailBounceCmd) Run(e *env) error {
	err := withPool(e, func(ctx context.Context, pool *pgxpool.Pool, conf Config) error {
		if conf.BounceAddress == "" {
			return errors.New("TOLLHOUSE_BOUNCE_ADDRESS is not set: no mail comes back here")
		}
		returns, err := conf.mailReturns()
		if err != nil {
			return err
		}
		return c.take(ctx, e, pool, returns)
	}, "SEAL_KEYS")
	if err == nil {
		return nil
	}
	_, _ = io.Copy(io.Discard, e.stdin) // a server that cannot write to the end sees a broken pipe instead of the code
	return piped{codeFor(err), err}
}

func (c mailBounceCmd) take(ctx context.Context, e *env, pool *pgxpool.Pool, returns *bounces.Returns) error {
	report, err := bounces.Read(e.stdin, returns, c.Address)
	if err != nil {
		return err
	}
	desk, err := maildb.NewBounces(pool, returns)
	if err != nil {
		return err
	}
	taken, err := desk.Take(ctx, report)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, told(taken))
	return err
}

// told is what the mail server's log gets to read: ids, no address.
func told(t maildb.Taken) string {
	if t.Again {
		return fmt.Sprintf("%s: %s, as was known", t.MailID, t.Kind)
	}
	switch t.Kind {
	case bounces.Gone:
		return t.MailID + ": its address does not exist and gets no more mails"
	case bounces.Refused:
		return t.MailID + ": it was refused; its address still gets mails"
	case bounces.Complaint:
		return t.MailID + ": its reader complained; the address gets no more mails"
	case bounces.Delayed:
		return t.MailID + ": it is late"
	}
	return t.MailID + ": this is no notice of a failure; nothing was written"
}

// codeFor tells what is wrong with the message from what is wrong with us, which is the rest.
func codeFor(err error) exitError {
	for sentinel, code := range map[error]exitError{
		bounces.ErrTooLarge: exitData, bounces.ErrMalformed: exitData, maildb.ErrOtherAddress: exitData,
		bounces.ErrNoToken: exitNoUser, maildb.ErrUnknownMail: exitNoUser,
	} {
		if errors.Is(err, sentinel) {
			return code
		}
	}
	return exitLater
}

// mailReturns makes the addresses that mails come back to; nil without TOLLHOUSE_BOUNCE_ADDRESS.
func (c Config) mailReturns() (*bounces.Returns, error) {
	if c.BounceAddress == "" || c.SealKeys == nil {
		return nil, nil
	}
	returns, err := bounces.NewReturns(c.SealKeys, c.BounceAddress)
	if err != nil {
		return nil, fmt.Errorf("%sBOUNCE_ADDRESS: %w", prefix, err)
	}
	return returns, nil
}

// addBounceWorker has a node count what comes back.
func addBounceWorker(workers *river.Workers, metrics prometheus.Registerer) error {
	returned := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tollhouse_mails_bounced_total",
		Help: "Mails that came back after a mail server took them, by what was refused: the address, this mail, or a complaint of its reader."}, []string{"what"})
	worker := maildb.NewBounceWorker(func(what string) { returned.WithLabelValues(what).Inc() })
	return errors.Join(metrics.Register(returned), river.AddWorkerSafely(workers, worker))
}
