// Package conversation holds what people write and what we write: it decides
// whether a comment asks for the material ([Trigger]), reads the answer to our
// question ([ReadReply]) and words our messages ([Wording],
// [BackupMessage], [RenderPodEmail]).
//
// It is pure: no database, no network, no clock, no environment, so that every
// decision about a person's words can be repeated and tested. It must not log,
// and its errors never hold a person's words, name or address: they quote only
// what the campaign's owner configured.
package conversation
