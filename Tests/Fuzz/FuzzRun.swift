import CFuzz
import Foundation

/// `Fuzz TARGET FOLDER [OPTION]...` gives a target to libFuzzer, with its seeds, words and options of libFuzzer; what has been
/// found stays in the folder. `Fuzz TARGET run FILE...` runs inputs, and prints each before it does. `Fuzz list` prints the names.
@main
struct FuzzRun {
    /// The neighbours that are run with each input: an input costs libFuzzer as much as several runs of a quick target.
    private static var neighbours: Int { target.isSlow ? 0 : 7 }

    nonisolated(unsafe) private static var target = FuzzTarget.all[0]
    nonisolated(unsafe) private static var words: [[UInt8]] = []
    /// The inputs that were run.
    nonisolated(unsafe) private static var executions = 0
    nonisolated(unsafe) private static var isPrinting = false

    static func main() throws {
        var arguments = Array(CommandLine.arguments.dropFirst())
        guard let name = arguments.first, let found = FuzzTarget.all.first(where: { $0.name == name }) else {
            return print(FuzzTarget.all.map(\.name).joined(separator: "\n"))
        }
        target = found
        words = found.words.map { Array($0.utf8) }
        arguments.removeFirst()
        guard let folder = arguments.first else { return print("Fuzz TARGET FOLDER [OPTION]...") }
        arguments.removeFirst()
        if folder == "run" {
            isPrinting = true
            for path in arguments { run(Array(try Data(contentsOf: URL(fileURLWithPath: path)))) }
            return
        }
        for seed in target.seeds + target.regressions { run(seed) }
        try fuzz(in: URL(fileURLWithPath: folder), arguments)
    }

    private static func fuzz(in folder: URL, _ options: [String]) throws {
        let corpus = folder.appending(path: target.name)
        let seeds = folder.appending(path: "\(target.name)-seeds")
        for folder in [corpus, seeds] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        for (number, seed) in (target.seeds + target.regressions).enumerated() {
            try Data(seed).write(to: seeds.appending(path: "\(number)"))
        }
        let dictionary = folder.appending(path: "\(target.name).dictionary")
        let lines = words.map { word in
            "\"" + word.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\""
        }
        try Data(lines.joined(separator: "\n").utf8).write(to: dictionary)

        // Coverage is looked at where the seeds and their neighbours lead, and near there.
        for seed in target.seeds + target.regressions {
            var neighbours = Neighbours(of: seed, longest: target.longest, words: words)
            for _ in 0..<(target.isSlow ? 20 : 500) { try runOne(neighbours.next()) }
        }
        let watched = fuzz_watch(128)
        executions = 0
        atexit {
            print("\(FuzzRun.target.name): \(FuzzRun.executions) executions")
            fflush(nil)
        }
        print("\(target.name): coverage of \(watched) of \(fuzz_counters()) places")
        let arguments =
            ["Fuzz", corpus.path, seeds.path, "-dict=\(dictionary.path)", "-max_len=\(target.longest)", "-timeout=20"]
            + ["-rss_limit_mb=4096", "-artifact_prefix=\(folder.path)/\(target.name)-", "-print_final_stats=1"]
            + options
        var pointers = arguments.map { strdup($0) } + [nil]
        var count = Int32(arguments.count)
        let status = pointers.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return fuzz_drive(&count, &start) { start, count in
                FuzzRun.run(Array(UnsafeBufferPointer(start: start, count: count)))
                return 0
            }
        }
        exit(status)
    }

    /// Runs an input and its neighbours; ends the program where one breaks the target.
    private static func run(_ input: [UInt8]) {
        do {
            try runOne(input)
            var others = Neighbours(of: input, longest: target.longest, words: words)
            for _ in 0..<neighbours { try runOne(others.next()) }
        } catch {
            print("\(target.name): \(error)")
            fflush(nil)
            abort()
        }
    }

    private static func runOne(_ input: [UInt8]) throws {
        if isPrinting {
            print(input, String(reflecting: String(decoding: input, as: UTF8.self)))
            fflush(nil)
        }
        executions += 1
        do {
            try target.run(input)
        } catch {
            throw Broken(
                description: "\(error)\n\(input)\n\(String(reflecting: String(decoding: input, as: UTF8.self)))")
        }
    }
}
