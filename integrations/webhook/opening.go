package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// Opening lets deliveries go to what is not on the public Internet.
type Opening struct {
	// Network holds the addresses that are opened; not valid where Host names them.
	Network netip.Prefix
	// Host is a name, in lower case. Its addresses are opened as far as they are of a
	// private network: not this machine itself, and not what only links answer to, such as
	// the metadata of a cloud.
	Host string
	// Port is the one that is opened; 0: every one.
	Port uint16
	// Client is whose deliveries may go there; zero: everybody's.
	Client uuid.UUID
}

// opens reports whether a delivery to this host may go to this address of it. The
// address is neither mapped nor has it a zone.
func (o Opening) opens(host string, target netip.AddrPort) bool {
	if o.Port != 0 && o.Port != target.Port() {
		return false
	}
	if o.Host == "" {
		return o.Network.Contains(target.Addr())
	}
	return o.Host == normalHost(host) && isPrivateNetwork(target.Addr())
}

// metadataOfIPv6 is where AWS answers with the credentials of a machine, within the
// addresses of private networks.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
var metadataOfIPv6 = netip.MustParseAddr("fd00:ec2::254")

func isPrivateNetwork(address netip.Addr) bool {
	return address.IsPrivate() && address != metadataOfIPv6
}

// normalHost is a host as [Opening.Host] holds it.
func normalHost(host string) string { return strings.ToLower(strings.TrimSuffix(host, ".")) }

// ParseOpenings reads a list with commas: 10.1.0.0/16, 10.1.2.3:8443 or
// crm.internal:8443, each with @ and the id of a client behind it where it is for that
// one alone. Its error tells of every entry that is wrong by its number, and how to write
// it; it repeats none of them.
func ParseOpenings(list string) ([]Opening, error) {
	var openings []Opening
	var wrong []string
	for entry := range strings.SplitSeq(list, ",") {
		opening, err := parseOpening(strings.TrimSpace(entry))
		openings = append(openings, opening)
		if err != nil {
			wrong = append(wrong, fmt.Sprintf("entry %d %v", len(openings), err))
		}
	}
	if len(wrong) > 0 {
		return nil, errors.New(strings.Join(wrong, "; "))
	}
	return openings, nil
}

func parseOpening(entry string) (o Opening, err error) {
	where, client, named := strings.Cut(entry, "@")
	if named {
		if o.Client, err = uuid.Parse(client); err != nil || o.Client == uuid.Nil || len(client) != len(uuid.Nil.String()) {
			return o, errors.New("has no id of a client behind @: write for example 10.1.2.3:8443@" + exampleClient)
		}
	}
	if where == "" {
		return o, errors.New("is empty: take out the comma that is too many")
	}
	if strings.Contains(where, "://") || strings.ContainsAny(where, "?#") {
		return o, errors.New("is a URL: write host:port alone, for example crm.internal:8443")
	}
	if network, behind, found := strings.Cut(where, "/"); found {
		bits, port, hasPort := strings.Cut(behind, ":")
		if hasPort {
			if o.Port, err = parsePort(port); err != nil {
				return o, err
			}
		}
		if o.Network, err = netip.ParsePrefix(network + "/" + bits); err != nil {
			return o, errors.New("is no network: write for example 10.1.0.0/16")
		}
		o.Network = unmapped(o.Network)
		return o, nil
	}
	if _, err := netip.ParseAddr(where); err == nil {
		return o, errors.New("is an address without a port: write for example 10.1.2.3:8443, or 10.1.2.3/32 for every port")
	}
	return parseHostPort(o, where)
}

// exampleClient stands in what tells how to write an entry.
const exampleClient = "6f1c2a9e-3b54-4d7a-9c0e-2f8b7a6d5e41"

func parseHostPort(o Opening, where string) (Opening, error) {
	colon := strings.LastIndexByte(where, ':')
	if colon < 0 {
		return o, errors.New("is neither a network nor host:port: write for example 10.1.0.0/16 or crm.internal:8443")
	}
	host, port := where[:colon], where[colon+1:]
	var err error
	if o.Port, err = parsePort(port); err != nil {
		return o, err
	}
	if address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		address = address.Unmap().WithZone("")
		o.Network = netip.PrefixFrom(address, address.BitLen())
		return o, nil
	}
	o.Host = normalHost(host)
	switch {
	case o.Host == "localhost" || strings.HasSuffix(o.Host, ".localhost"):
		return o, errors.New("is this machine by name: write its address, for example 127.0.0.1:8443")
	case !isHostName(o.Host):
		return o, errors.New("has no name of a host before the port: write for example crm.internal:8443")
	}
	return o, nil
}

func parsePort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, errors.New("has no port between 1 and 65535 behind the colon")
	}
	return uint16(n), nil
}

// isHostName takes the characters of names as they are looked up: those of other scripts
// are written in their form of ASCII, xn--….
func isHostName(host string) bool {
	return host != "" && len(host) <= 253 && !endsInNumber(host) && strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == "" &&
		!strings.Contains(host, "..") && host[0] != '.' && host[0] != '-'
}

// unmapped is the IPv4 network that one of v4-mapped addresses stands for, or else itself.
func unmapped(network netip.Prefix) netip.Prefix {
	if network.Addr().Is4In6() && network.Bits() >= 96 {
		return netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-96)
	}
	return network
}
