/// What is kept of the screen from one run to the next.
public struct ViewState: Sendable, Hashable {
    /// How many filters are kept.
    public static let mostFilters = 100
    /// The longest filter that is kept, in bytes.
    public static let longestFilter = 4_096

    /// The filters applied, the newest first.
    public var filters: [String] = []
    /// The URLs of replays, the newest first; 20 at most.
    public var replayTargets: [String] = []
    /// How the lists are shown.
    public var preferences = ViewPreferences()

    /// The state before anything was chosen.
    public init() {}

    /// Puts a filter first, once.
    mutating func remember(_ filter: String) {
        Self.put(filter, first: &filters, most: Self.mostFilters)
    }

    /// Puts the URL of a replay first, once.
    mutating func rememberTarget(_ url: String) {
        Self.put(url, first: &replayTargets, most: 20)
    }

    private static func put(_ text: String, first texts: inout [String], most: Int) {
        guard !text.allSatisfy(\.isWhitespace), text.utf8.count <= longestFilter else { return }
        texts.removeAll { $0 == text }
        texts = [text] + texts.prefix(most - 1)
    }
}

extension ViewState: Codable {
    private enum CodingKeys: String, CodingKey {
        case filters, replayTargets, preferences
    }

    /// Takes what it understands; the rest, of another version perhaps, is left at its default.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        for filter in ((try? values.decodeIfPresent([String].self, forKey: .filters)) ?? []).reversed() {
            remember(filter)
        }
        for url in ((try? values.decodeIfPresent([String].self, forKey: .replayTargets)) ?? []).reversed() {
            rememberTarget(url)
        }
        preferences = (try? values.decodeIfPresent(ViewPreferences.self, forKey: .preferences)) ?? ViewPreferences()
    }
}
