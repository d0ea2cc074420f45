package services

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// child is a server process that ends with us.
type child struct {
	cmd  *exec.Cmd
	stop os.Signal
	done chan struct{} // closed when the process has ended
	err  error         // why it ended; read after done
	once sync.Once
}

// start runs cmd and ties its life to ours: the kernel sends stop when the thread that started it dies, so that thread is kept.
func start(cmd *exec.Cmd, stop syscall.Signal) (*child, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true // Ctrl-C is ours to handle, in our order
	cmd.SysProcAttr.Pdeathsig = stop
	c := &child{cmd: cmd, stop: stop, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
		}
		close(c.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", cmd.Path, err)
	}
	return c, nil
}

// end asks the process to stop and waits; after grace it is killed.
func (c *child) end(grace time.Duration) {
	c.once.Do(func() {
		_ = c.cmd.Process.Signal(c.stop) // it may have ended by itself
		select {
		case <-c.done:
		case <-time.After(grace):
			_ = c.cmd.Process.Kill()
			<-c.done
		}
	})
}

// sweep removes dir once we and the process are gone, however we ended: a shell waits for the end of a pipe that only we hold open. It returns a
// function that does the same now.
func (c *child) sweep(dir string) (func(), error) {
	const script = `read -r _; kill -INT "$1" 2>/dev/null; while kill -0 "$1" 2>/dev/null; do sleep 0.1; done; rm -rf "$2"`
	sweeper := exec.Command("/bin/sh", "-c", script, "sweep", fmt.Sprint(c.cmd.Process.Pid), dir)
	sweeper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := sweeper.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := sweeper.Start(); err != nil {
		return nil, fmt.Errorf("starting the sweeper of %s: %w", dir, err)
	}
	return func() {
		_ = pipe.Close()
		_ = sweeper.Wait()
	}, nil
}
