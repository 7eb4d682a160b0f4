import SafeText

extension PlainWord {
    static let secrets: [PlainWord] = [
        PlainWord(
            "secret", also: ["secrets"],
            syntax: "list|add LABEL [BINDING]|replace LABEL|forget LABEL|remember LABEL|reload",
            "signing secrets; the secret itself is asked for on a line of its own, which is not shown"
        ) { model, arguments in
            model.secret(arguments)
        }
    ]

    static let session: [PlainWord] = [
        PlainWord(
            "test", syntax: "[NAME]", "sends a signed test event; of an action, finds out whether it would work"
        ) { model, arguments in
            arguments.text.isEmpty ? model.perform(.sendTest) : model.test(arguments)
        },
        PlainWord(
            "pause", syntax: "[NAME]", "tells no new events for now; they are recorded. Of an action: its entries wait"
        ) { model, arguments in
            guard arguments.text.isEmpty else { return model.setPaused(true, arguments) }
            guard model.model.frozen == nil else {
                model.say("New events are not told already: follow tells them again.")
                return []
            }
            return model.change { $0.perform(.pause) }
        },
        PlainWord("follow", "tells new events again, and goes along with the newest") { model, _ in
            let wasFrozen = model.model.frozen != nil
            var effects = model.change { $0.perform(.orderOfArrival) }
            effects += model.change { model in
                let effects = model.frozen == nil ? [] : model.perform(.pause)
                model.rows.follow()
                return effects
            }
            if !wasFrozen { model.say("Following the newest event.") }
            return effects
        },
        PlainWord("reload", "reads config.yaml and the secrets again") { model, _ in model.perform(.reload) },
        PlainWord("status", "the address, the secrets, the counts and what is listed") { model, _ in
            for line in model.statusLines { model.say(line) }
            return []
        },
        PlainWord("steps", "the first steps, from an address to a test event") { model, _ in
            model.tellSteps()
            return []
        },
        PlainWord("utc", "times in UTC, or local again") { model, _ in model.change { $0.perform(.toggleUtc) } },
        PlainWord(
            "help", also: ["?"], syntax: "[WORD]",
            "this list, or what one of its words does; help filter, help commands"
        ) {
            model, arguments in
            model.help(arguments)
            return []
        },
        PlainWord("quit", also: ["exit"], "ends b2watch; an attached one stops nothing else") { model, _ in
            model.change { $0.perform(.close) }
        },
    ]
}
