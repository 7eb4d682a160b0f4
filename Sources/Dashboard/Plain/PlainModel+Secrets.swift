import Notifications
import SafeText
import Terminal

extension PlainModel {
    /// Whether what is typed now is not to be seen.
    var hidesTyping: Bool { secret != nil }

    mutating func secret(_ arguments: PlainArguments) -> [Effect] {
        let (word, rest) = arguments.split
        let (label, binding) = rest.split
        switch word.lowercased() {
        case "", "list":
            requests.listsSecrets = true
            return [.readKeyring]
        case "reload": return perform(.reloadSecrets)
        case "add", "replace", "forget", "remember": break
        default:
            say("secret list, add LABEL, replace LABEL, forget LABEL, remember LABEL or reload.")
            return []
        }
        if let absence = model.session.absence {
            say("\(absence.reason)")
            return []
        }
        guard !label.isEmpty else {
            say("Which one? secret \(word) LABEL, where the label is a name of your own for it.")
            return []
        }
        if word == "add" { return ask(.add, label: label, binding.text) }
        guard let held = model.session.keyring.secrets.first(where: { $0.label == rest.text || $0.label == label })
        else {
            if word == "forget", let past = model.session.keyring.past.first(where: { $0.identity.label == label }) {
                return change { model in
                    model.question = .markLeaked(past)
                    return []
                }
            }
            say("No secret \(SafeText(label).clipped(to: 40)) is there: secret list shows which are.")
            return []
        }
        switch word {
        case "replace": return ask(.replace(held.label), label: held.label, held.binding.description)
        case "forget":
            return change { model in
                model.question = .delete(held, isLast: model.session.keyring.secrets.count == 1)
                return []
            }
        default:
            return change { model in
                if held.isRemembered {
                    model.session.tell("The secret \(held.label) is saved already.", .notice)
                } else {
                    model.question = .remember(held.label, file: model.session.secretsFile)
                }
                return []
            }
        }
    }

    private mutating func ask(_ purpose: SecretForm.Purpose, label: String, _ binding: String) -> [Effect] {
        guard let bound = binding.isEmpty ? .any : SecretBinding(binding) else {
            say("Bound to is any, bucket:NAME or rule:NAME.")
            return []
        }
        secret = SecretForm(purpose, label: label, binding: bound)
        say("Type or paste the secret \(label) and press Enter. It is not shown; an empty line leaves it.")
        return []
    }

    /// Takes the line as a secret. It is never said.
    mutating func takeSecret(_ bytes: [UInt8]) -> [Effect] {
        guard var form = secret else { return [] }
        secret = nil
        guard !SigningSecret.trim(String(decoding: bytes, as: UTF8.self)).isEmpty else {
            say("No secret was taken.")
            return []
        }
        form.paste(bytes)
        let remark = form.message
        guard let draft = form.submit(held: model.session.keyring) else {
            say(form.message?.text ?? "No secret was taken.")
            return []
        }
        if let remark { say(remark.text) }
        let usual = SigningSecret.looksUsual(Array(draft.value.utf8))
        if !usual { say("It is not 32 letters and digits, as B2's secrets are. It can be used all the same.") }
        return switch form.purpose {
        case .add: [.control(.addSecret(draft))]
        case .replace(let label): [.control(.replaceSecret(label, draft))]
        }
    }

    mutating func listSecrets(_ keyring: KeyringSummary) {
        if keyring.isEmpty { say("There is no secret: secret add LABEL takes one.") }
        for secret in keyring.secrets {
            var parts: [SafeText] = ["\(secret.label), fingerprint \(secret.fingerprint), bound to \(secret.binding)"]
            if let matches = secret.matches { parts.append("\(Wording.count(matches, "match", "matches"))") }
            parts.append(secret.isRemembered ? "saved" : "not saved")
            parts.append("from \(secret.source)")
            if secret.isLeaked {
                parts.append("deleted as leaked before: what it verifies reads valid, secret removed")
            }
            say(parts.joined(separator: ", "))
        }
        for secret in keyring.past {
            let matches = Wording.count(secret.matches, "match", "matches")
            let state: SafeText = secret.isLeaked ? "was leaked" : "verifies no longer"
            say("\(secret.identity): \(matches), " + state)
        }
    }
}
