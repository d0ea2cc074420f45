// Command tollhouse is the gateway, the portal behind it, and the operator's tools, in one binary. `tollhouse serve` is what runs in production,
// `tollhouse dev` is everything on one machine for trying it out.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/redis/go-redis/v9"
)

func main() {
	redis.SetLogger(silent{}) // its pool writes to stderr by itself; what fails is logged by whoever asked
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tollhouse:", err)
		os.Exit(exitCode(err))
	}
}

// silent drops what a library would print on its own.
type silent struct{}

// Printf drops the line.
func (silent) Printf(context.Context, string, ...any) {}

// exitError ends the program with a code of its own and no further words.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func exitCode(err error) int {
	var code exitError
	if errors.As(err, &code) {
		return int(code)
	}
	return 1
}

// env is what every command works with.
type env struct {
	ctx    context.Context
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	file   string // --config
}

// cli is the command line.
type cli struct {
	Config string `help:"File of NAME=value settings. The environment wins over it." placeholder:"FILE"`

	Serve      serveCmd      `cmd:"" help:"Serve portals and the API."`
	Dev        devCmd        `cmd:"" help:"Run everything on this machine, with demo tenants: nothing to set up, loopback only."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the database schema up to date."`
	Tenant     tenantCmd     `cmd:"" help:"Create, list, show, suspend and resume tenants."`
	Domain     domainCmd     `cmd:"" help:"Add, list, show and change custom hosts, and say what is wrong with one."`
	Cert       certCmd       `cmd:"" help:"List, renew and revoke certificates."`
	Explain    explainCmd    `cmd:"" help:"For a host: whose it is, its certificate, what each node serves, and why it answers what it answers."`
	Key        keyCmd        `cmd:"" help:"Create and revoke API keys; tenant show lists them."`
	Payment    paymentCmd    `cmd:"" help:"Show and list payments, and compare a day with the processor."`
	Connection connectionCmd `cmd:"" help:"List tenants' connections to payment processors."`
	Seal       sealCmd       `cmd:"" help:"Rotate the keys that seal private keys and answers."`
	Mail       mailCmd       `cmd:"" help:"Take mails that came back."`
	Audit      auditCmd      `cmd:"" help:"Verify the audit logs, and print where they stand."`
	Doctor     doctorCmd     `cmd:"" help:"Check everything that serve depends on and say what to do."`
	Conf       configCmd     `cmd:"" name:"config" help:"Explain every setting."`
}

// run parses args and runs one command until it is done or ctx ends. Tests call it as main does.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	var c cli
	done := false
	parser, err := kong.New(&c, kong.Name("tollhouse"), kong.Writers(stdout, stderr), kong.Exit(func(int) { done = true }), kong.UsageOnError(),
		kong.Description("A gateway with custom-domain TLS and the branded billing portal behind it.\n\nSettings come from the environment; `tollhouse config` explains them."))
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if done {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w (see tollhouse --help)", err)
	}
	return command.Run(&env{ctx: ctx, getenv: getenv, stdin: os.Stdin, stdout: stdout, stderr: stderr, file: c.Config})
}

type configCmd struct{}

// Run prints the documentation of all settings.
func (configCmd) Run(e *env) error {
	writeSettings(e.stdout)
	return nil
}
