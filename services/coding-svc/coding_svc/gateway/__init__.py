"""The outside parties: EHRs that send over a socket."""
