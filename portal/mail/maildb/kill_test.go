package maildb_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"tollhouse/portal/mail"
	"tollhouse/portal/mail/maildb"
)

// A node that is to be killed is this test binary, told by the environment where things are.
const (
	envPostgres = "MAILDB_TEST_POSTGRES"
	envPort     = "MAILDB_TEST_SMTP_PORT"
)

func TestMain(m *testing.M) {
	if os.Getenv(envPostgres) == "" {
		os.Exit(m.Run())
	}
	fmt.Fprintln(os.Stderr, doomedNode())
	os.Exit(1)
}

// doomedNode works the queue until its first mail is out, says so, and never gets to noting it.
func doomedNode() error {
	pool, err := pgxpool.New(context.Background(), os.Getenv(envPostgres))
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(os.Getenv(envPort))
	if err != nil {
		return err
	}
	sender, err := mail.NewSender(mail.Config{Host: "127.0.0.1", Port: port, Security: mail.Plain, From: sender})
	if err != nil {
		return err
	}
	client, err := newNode(maildb.WorkerConfig{Pool: pool, Links: &links{pool: pool}, Sender: stuckSender{sender}}, func(string) {})
	if err != nil {
		return err
	}
	return maildb.Run(context.Background(), client)
}

// stuckSender sends and does not return.
type stuckSender struct{ *mail.Sender }

func (s stuckSender) Send(ctx context.Context, m mail.Message) error {
	err := s.Sender.Send(ctx, m)
	fmt.Println("sent", err)
	select {}
}

func TestWorker_AKilledNodeSendsAtMostOneDuplicate(t *testing.T) {
	t.Parallel()
	h := setup(t)
	id := h.invoiceMail(t)
	killAfterSending(t, h)
	// The dead node's leadership runs out, and its job grows old enough to be taken over.
	_, err := connectAdmin(t, h).Exec(context.Background(), `DELETE FROM jobs.river_leader`)
	must(t, err)
	eventually(t, func() (old bool) {
		const q = `SELECT attempted_at < now() - interval '6.5 seconds' FROM jobs.river_job WHERE state = 'running'`
		must(t, h.db.App.QueryRow(context.Background(), q).Scan(&old))
		return old
	})
	h.node(t)
	if got := h.ended(t, id); got.Status != "sent" {
		t.Errorf("state = %+v", got)
	}
	msgs := h.sink.Messages()
	if len(msgs) != 2 || msgs[0].Header.Get("Message-ID") != msgs[1].Header.Get("Message-ID") || msgs[0].Text != msgs[1].Text {
		t.Fatalf("%d mails arrived, want two that are the same", len(msgs))
	}
	h.wantAudit(t, "mail.sent")
}

// killAfterSending runs a node in a process of its own and kills it between the mail's acceptance and its being noted.
func killAfterSending(t *testing.T, h *house) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patient)
	defer cancel()
	node := exec.CommandContext(ctx, os.Args[0])
	node.Env = append(os.Environ(), envPostgres+"="+h.db.AppURL, envPort+"="+strconv.Itoa(h.sink.Port()))
	node.Stderr = os.Stderr
	out, err := node.StdoutPipe()
	must(t, err)
	must(t, node.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = node.Process.Kill()
	_ = node.Wait() // it was killed: an error is what it must be
	if err != nil || line != "sent <nil>\n" {
		t.Fatalf("the node said %q, %v", line, err)
	}
	if n := len(h.sink.Messages()); n != 1 {
		t.Fatalf("%d mails arrived before the kill, want 1", n)
	}
}
