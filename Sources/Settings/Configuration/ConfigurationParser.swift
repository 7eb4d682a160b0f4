internal import Yams

/// Makes nodes of YAML, and problems with their places of what is no YAML, or more of it than a configuration needs:
/// anchors and aliases, tags, several documents.
struct ConfigurationParser {
    /// The longest text, in bytes.
    static let longest = 1 << 20
    /// The most nodes, and the deepest they may be nested.
    static let mostNodes = 20_000
    static let deepest = 32
    /// The most keys that are there twice before the rest is left unread.
    private static let mostDuplicates = 20

    private(set) var problems: [ConfigurationProblem] = []
    private var nodes = 0

    /// The root; nil for a text of nothing but comments, or where it could not be read.
    mutating func parse(_ bytes: [UInt8]) -> ConfigurationNode? {
        guard bytes.count <= Self.longest else {
            problems.append(ConfigurationProblem("is larger than \(Self.longest >> 20) MiB"))
            return nil
        }
        var text = SourceText(bytes)
        if let problem = text.problem {
            problems.append(problem)
            return nil
        }
        for _ in 0..<Self.mostDuplicates {
            do {
                let parser = try Parser(yaml: text.string, resolver: .basic, encoding: .utf8)
                return try parser.singleRoot().flatMap { convert($0, without: text.renamed) }
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams gives up at the first: it is given another name in place, and the rest is read.
                let first = SourcePosition(line: context.mark.line, column: context.mark.column)
                let key = keys.first ?? ""
                guard let second = text.renameDuplicate(of: key, at: first) else {
                    problems.append(ConfigurationProblem("“\(key)” is there twice: leave one out", at: first))
                    return nil
                }
                problems.append(
                    ConfigurationProblem(
                        "“\(key)” is there a second time, after line \(first.line): leave one out", at: second))
            } catch let error as YamlError {
                problems.append(text.problem(of: error))
                return nil
            } catch {
                problems.append(ConfigurationProblem("cannot be read: \(error)"))
                return nil
            }
        }
        return nil
    }

    private mutating func convert(_ node: Node, without renamed: Set<String>, depth: Int = 0) -> ConfigurationNode? {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        nodes += 1
        guard nodes <= Self.mostNodes else {
            // Said once, at the first that is too much.
            if nodes == Self.mostNodes + 1 {
                problems.append(ConfigurationProblem("more than \(Self.mostNodes) values", at: position))
            }
            return nil
        }
        guard depth <= Self.deepest else {
            problems.append(ConfigurationProblem("nested deeper than \(Self.deepest) levels", at: position))
            return nil
        }
        let tag = node.tag.description
        guard [Tag.Name.str, .map, .seq].contains(where: { $0.rawValue == tag }) else {
            problems.append(ConfigurationProblem("a tag (\(tag)): leave it out", at: position))
            return nil
        }
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(.scalar(scalar.string, isPlain: scalar.style == .plain), at: position)
        case .sequence(let sequence):
            return ConfigurationNode(
                .list(sequence.compactMap { convert($0, without: renamed, depth: depth + 1) }), at: position)
        case .mapping(let mapping):
            let entries = mapping.compactMap { pair -> ConfigurationNode.Entry? in
                guard let key = key(pair.key),
                    let value = convert(pair.value, without: renamed, depth: depth + 1), !renamed.contains(key.value)
                else { return nil }
                return ConfigurationNode.Entry(key: key, value: value)
            }
            return ConfigurationNode(.map(entries), at: position)
        case .alias:
            problems.append(ConfigurationProblem("an alias: write the value out", at: position))
            return nil
        }
    }

    private mutating func key(_ node: Node) -> Located<String>? {
        let position = SourcePosition(line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
        guard case .scalar(let scalar) = node else {
            problems.append(ConfigurationProblem("a list or a map as a key: a key is a word", at: position))
            return nil
        }
        return Located(scalar.string, at: position)
    }
}
