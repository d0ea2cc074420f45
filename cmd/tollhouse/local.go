package main

import (
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tollhouse/certs"
	"tollhouse/tenant/localcopy"
)

// directoryLimit bounds the copy of the directory; a host takes some 300 bytes.
const directoryLimit = 1 << 30

// keepDirectory has a copy of the directory kept if there is a folder for it, and tells how old what is served is.
func (h *house) keepDirectory(metrics *prometheus.Registry) {
	if h.config.LocalDir != "" {
		folder := localcopy.NewFolder(filepath.Join(h.config.LocalDir, "directory"), "directory of "+h.config.PlatformDomain.String(), directoryLimit, h.config.SealKeys)
		h.copy = localcopy.NewDirectory(h.directory, folder, h.log)
	}
	gauge := func(name, help string, value func() float64) {
		metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
	}
	gauge("tollhouse_directory_hosts", "Hosts that are served.", func() float64 { return float64(h.directory.Stats().Hosts) })
	gauge("tollhouse_directory_age_seconds", "Since Postgres last said which hosts are served; 0 before it ever did.", func() float64 {
		return age(h.directory.Stats().Fresh)
	})
	gauge("tollhouse_directory_from_copy", "1 while the hosts that are served come from the local copy.", func() float64 {
		if h.directory.Loaded() && !h.directory.Current() {
			return 1
		}
		return 0
	})
	gauge("tollhouse_directory_copy_age_seconds", "Since this process last wrote the local copy of the directory; 0 before it ever did.", func() float64 {
		if h.copy == nil {
			return 0
		}
		return age(h.copy.Written())
	})
}

func age(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return time.Since(at).Seconds()
}

// certificateCopies is where copies of certificates are kept; nil is nowhere. Those of another CA do not open.
func (h *house) certificateCopies() *localcopy.Folder {
	if h.config.LocalDir == "" {
		return nil
	}
	return localcopy.NewFolder(filepath.Join(h.config.LocalDir, "certificates"), "certificates of "+h.config.ACME.Directory, certs.CopyLimit, h.config.SealKeys)
}

// machineName is what this machine calls itself, for people who look at the list of nodes; "" when it does not know.
func machineName() string {
	name, _ := os.Hostname() // the node's id tells it from others anyway
	return name
}
