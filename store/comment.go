package store

// Decisions about a comment, made once, when it is first seen.
const (
	CommentLead        = "lead"         // made a lead, or queued a message for one that had none
	CommentKnownPerson = "known_person" // that person was written to in this campaign already
	CommentNoMatch     = "no_match"     // no trigger word; kept for some days
	CommentPostAuthor  = "post_author"  // the author's own comment
	CommentCompany     = "company"      // a company page cannot get a direct message
	CommentNoAuthor    = "no_author"    // the provider did not say who wrote it
	CommentOptedOut    = "opted_out"    // asked never to be written to again
	CommentExcluded    = "excluded"     // a word of the campaign's exclude list stands beside the trigger word
	CommentBlocked     = "blocked"      // on the campaign's blocklist
	// CommentOtherCampaign: the same comment brings them the message of another campaign.
	CommentOtherCampaign = "other_campaign"
)
