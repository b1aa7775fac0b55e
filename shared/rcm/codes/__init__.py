"""Code sets by date of service, and the coding engines that read them.

Pure functions and one read-only SQLite file. Nothing here opens a socket or knows a service.

    sources/   what the installed packages hold (MCE tables, CDC tabular list)
    loaders/   what an operator downloads (CMS, CDC and AMA files)
    build      both of them -> codes.sqlite, switched atomically
    sets       open codes.sqlite: validate, look up, walk the hierarchy
    cached     the same, remembering its answers: for a service
    search     words -> codes, as an encoder does
    suggest    note -> codes with evidence, for a coder to accept or reject
    edits/     findings about a coded encounter, before it is released
    grouping   MS-DRG and HCC behind one interface each
    cli        `rcm codes ...`
"""
