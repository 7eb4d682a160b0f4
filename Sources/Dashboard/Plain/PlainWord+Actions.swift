import SafeText

extension PlainWord {
    /// Actions, what became of them, and replays.
    static let actions: [PlainWord] = [
        PlainWord("actions", "the actions, and how they stand") { model, _ in model.readActions() },
        PlainWord(
            "entries", syntax: "NAME [all|waiting|failed|uncertain|done|skipped] [N]",
            "the last N events that an action is done for"
        ) { model, arguments in
            model.readEntries(arguments)
        },
        PlainWord("entry", syntax: "ENTRY", "one of them, with the exact request and answer") { model, arguments in
            model.readEntry(arguments)
        },
        PlainWord(
            "run", syntax: "NAME", "runs an action for the current event, or for those selected, whatever its filter"
        ) { model, arguments in
            model.act(arguments) { .run($0) }
        },
        PlainWord(
            "retry", syntax: "NAME|ENTRY", "tries an entry again, or what failed of the events selected; else all of it"
        ) { model, arguments in
            model.retry(arguments)
        },
        PlainWord("skip", syntax: "NAME|ENTRY", "skips an entry, or an action for the events selected") {
            model, arguments in
            model.skip(arguments)
        },
        PlainWord("preview", syntax: "NAME", "what an action would send for the current event; nothing is sent") {
            model, arguments in
            model.preview(arguments)
        },
        PlainWord("resume", syntax: "NAME", "lets a paused action go on") { model, arguments in
            model.setPaused(false, arguments)
        },
        PlainWord("missed", syntax: "NAME", "adds events that an action missed because they were judged later") {
            model, arguments in
            model.addMissed(arguments)
        },
        PlainWord(
            "replay", syntax: "[URL]",
            "sends the delivery, or those of the events selected, again as received; without a URL to this listener"
        ) { model, arguments in
            model.replay(arguments)
        },
    ]
}
