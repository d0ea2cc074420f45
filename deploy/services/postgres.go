package services

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// The roles of a private cluster, as an operator's would have them.
const (
	OwnerRole  = "tollhouse_owner"  // owns the schema and runs migrations
	ServerRole = "tollhouse_server" // a member of tollhouse_app; owns nothing
)

// PostgresOptions say where and how a private cluster runs.
type PostgresOptions struct {
	Dir     string // holds the cluster and its password; empty: a temporary folder that vanishes with the process
	Durable bool   // false: no fsync, for tests
}

// Postgres is a running private cluster.
type Postgres struct {
	Port     int
	password string
	child    *child
	sweep    func()
}

// StartPostgres starts the cluster in o.Dir, making it first when there is none, and returns when it answers. ctx bounds the start only.
func StartPostgres(ctx context.Context, o PostgresOptions) (*Postgres, error) {
	dir, temporary, err := postgresDir(o.Dir)
	if err != nil {
		return nil, err
	}
	password, err := initCluster(ctx, dir)
	if err != nil {
		return nil, err
	}
	var p *Postgres
	for try := 0; try < 5; try++ { // another process may take the port between our look and Postgres's
		if p, err = launch(ctx, dir, o.Durable); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	p.password = password
	if temporary {
		if p.sweep, err = p.child.sweep(dir); err != nil {
			p.Close()
			return nil, err
		}
	}
	return p, p.createRoles(ctx)
}

// Close ends the cluster: connections are cut, data is safe. It may be called twice.
func (p *Postgres) Close() {
	p.child.end(10 * time.Second)
	if p.sweep != nil {
		p.sweep()
	}
}

// URL returns the address of a database for one of the roles, or for "postgres", the cluster's administrator.
func (p *Postgres) URL(role, database string) string {
	u := url.URL{Scheme: "postgres", User: url.UserPassword(role, p.password), Path: "/" + database,
		Host: "127.0.0.1:" + strconv.Itoa(p.Port), RawQuery: "sslmode=disable"}
	return u.String()
}

// CreateDatabase makes a database owned by OwnerRole unless it exists; template may be empty.
func (p *Postgres) CreateDatabase(ctx context.Context, name, template string) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres", "postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&exists); err != nil || exists {
		return err
	}
	q := "CREATE DATABASE " + pgx.Identifier{name}.Sanitize() + " OWNER " + OwnerRole
	if template != "" {
		q += " TEMPLATE " + pgx.Identifier{template}.Sanitize()
	}
	_, err = conn.Exec(ctx, q)
	return err
}

func (p *Postgres) createRoles(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.URL("postgres", "postgres"))
	if err != nil {
		return fmt.Errorf("connecting to the private Postgres: %w", err)
	}
	defer conn.Close(ctx)
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, ServerRole).Scan(&exists); err != nil || exists {
		return err
	}
	// The password is hexadecimal, so it needs no escaping.
	_, err = conn.Exec(ctx, fmt.Sprintf(`
		CREATE ROLE tollhouse_app NOLOGIN NOBYPASSRLS;
		CREATE ROLE %[1]s LOGIN PASSWORD '%[3]s';
		CREATE ROLE %[2]s LOGIN PASSWORD '%[3]s' IN ROLE tollhouse_app`, OwnerRole, ServerRole, p.password))
	return err
}

// postgresDir returns the folder of the cluster. Postgres refuses to run as root, so root hands it to another user, who must be able to reach it.
func postgresDir(dir string) (path string, temporary bool, err error) {
	if dir == "" {
		path, err = os.MkdirTemp("", "tollhouse-pg-")
		temporary = true
	} else if path, err = filepath.Abs(dir); err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return "", false, fmt.Errorf("making the Postgres folder: %w", err)
	}
	cred, err := unprivileged()
	if err != nil || cred == nil {
		return path, temporary, err
	}
	for parent := filepath.Dir(path); parent != "/"; parent = filepath.Dir(parent) {
		if info, err := os.Stat(parent); err != nil || info.Mode().Perm()&0o001 == 0 {
			return "", false, fmt.Errorf("Postgres does not run as root, and the user it runs as cannot enter %s: move the checkout or run as another user", parent)
		}
	}
	return path, temporary, os.Chown(path, int(cred.Uid), int(cred.Gid))
}

// unprivileged returns whom to run Postgres as: nil for ourselves, else the user "postgres" or "nobody".
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			uid, _ := strconv.Atoi(u.Uid)
			gid, _ := strconv.Atoi(u.Gid)
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("Postgres does not run as root, and there is no user postgres or nobody to run it as")
}

func postgresProgram(name string) (string, error) {
	// initdb is not in PATH on Debian; the folder of the newest version is.
	return findProgram(name, "postgresql", "/usr/lib/postgresql/*/bin/"+name, "/usr/local/pgsql/bin/"+name, "/opt/homebrew/opt/postgresql*/bin/"+name)
}

func postgresCommand(ctx context.Context, name, dir string, args ...string) (*exec.Cmd, error) {
	path, err := postgresProgram(name)
	if err != nil {
		return nil, err
	}
	cred, err := unprivileged()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	return cmd, nil
}

// initCluster makes the cluster unless it is there and returns the password of its roles.
func initCluster(ctx context.Context, dir string) (string, error) {
	passwordFile := filepath.Join(dir, "password")
	password, err := readOrCreate(passwordFile, randomPassword())
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		return password, nil
	}
	if cred, err := unprivileged(); err != nil {
		return "", err
	} else if cred != nil {
		if err := os.Chown(passwordFile, int(cred.Uid), int(cred.Gid)); err != nil {
			return "", err
		}
	}
	cmd, err := postgresCommand(ctx, "initdb", dir, "-D", data, "-U", "postgres", "--auth=scram-sha-256", "--pwfile="+passwordFile,
		"--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions")
	if err != nil {
		return "", err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("making a Postgres cluster in %s: %w: %s", data, err, bytes.TrimSpace(out))
	}
	return password, nil
}

func launch(ctx context.Context, dir string, durable bool) (*Postgres, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	args := []string{"-D", data, "-c", "port=" + strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=300", "-c", "shared_buffers=64MB", "-c", "logging_collector=off", "-c", "log_destination=stderr"}
	if !durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	cmd, err := postgresCommand(context.WithoutCancel(ctx), "postgres", dir, args...)
	if err != nil {
		return nil, err
	}
	logFile, err := os.OpenFile(filepath.Join(dir, "postgres.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	cmd.Stdout, cmd.Stderr = logFile, logFile
	c, err := start(cmd, syscall.SIGINT) // SIGINT is Postgres's fast shutdown
	if err != nil {
		return nil, err
	}
	if err := waitReady(ctx, c, filepath.Join(data, "postmaster.pid")); err != nil {
		c.end(time.Second)
		return nil, fmt.Errorf("waiting for Postgres (its log is %s): %w", logFile.Name(), err)
	}
	return &Postgres{Port: port, child: c}, nil
}

// waitReady waits until line 8 of the pid file says "ready": an open port is not enough.
func waitReady(ctx context.Context, c *child, pidFile string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if ready(pidFile, c.cmd.Process.Pid) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.done:
			return fmt.Errorf("it ended: %w", c.err)
		case <-tick.C:
		}
	}
}

func ready(pidFile string, pid int) bool {
	text, err := os.ReadFile(pidFile)
	lines := strings.Split(string(text), "\n")
	return err == nil && len(lines) >= 8 && strings.TrimSpace(lines[0]) == strconv.Itoa(pid) && strings.TrimSpace(lines[7]) == "ready"
}
