// Pieces of gnuplot scripts. Names and titles come from users' files; none of them may become a command.

import Evaluation
import Foundation

/// Text that goes into scripts and their data.
enum GnuplotText {
    /// A file's name of letters, digits, `-` and `_`.
    static func fileName(_ name: String) -> String {
        let kept = name.unicodeScalars.map { scalar -> Character in
            let plain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return plain || scalar == "-" || scalar == "_" ? Character(scalar) : "_"
        }
        return kept.isEmpty ? "figure" : String(kept.prefix(80))
    }

    /// A string in single quotes, where gnuplot interprets nothing but a doubled quote.
    static func quoted(_ text: String, limit: Int = 80) -> String {
        "'" + tame(text).prefix(limit).map { $0 == "'" ? "''" : String($0) }.joined() + "'"
    }

    /// Text on one line without backquotes (which gnuplot runs in a shell) and backslashes (which join lines).
    static func tame(_ text: String) -> String {
        String(NumberText.printable(text).map { $0 == "`" ? "ˋ" : $0 == "\\" ? "∖" : $0 })
    }

    /// A name in a figure's table: on one line and without the quotes that gnuplot would stumble over.
    static func datum(_ text: String) -> String {
        String(tame(text).map { $0 == "\"" ? "″" : $0 })
    }

    /// A number for a script or its data; NaN is a gap.
    static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "NaN" }

    /// The beginning of every script: one loop over the two pictures, with fonts and lines fit for half a page.
    ///
    /// - Parameters:
    ///   - width: in pixels of the PNG at 144 dpi and points of the SVG ×1.
    static func preamble(name: String, caption: String, width: Int, height: Int) -> String {
        let comment = tame(caption)
        return """
            # \(comment)
            # Draw again with: gnuplot \(name).gp
            do for [picture in 'png svg'] {
            reset
            set encoding utf8
            set datafile separator ','
            set datafile missing 'NaN'
            if (picture eq 'png') {
              if (strstrt(GPVAL_TERMINALS, 'pngcairo') > 0) {
                set terminal pngcairo noenhanced size \(2 * width),\(2 * height) font 'DejaVu Sans,11' fontscale 2 linewidth 2 pointscale 2 background '#ffffff'
              } else {
                set terminal png noenhanced size \(2 * width),\(2 * height) giant
              }
            } else {
              set terminal svg noenhanced size \(width),\(height) font 'DejaVu Sans,11' background '#ffffff'
            }
            set output '\(name).'.picture
            set border 3 linewidth 0.8 linecolor rgb '#444444'
            set tics nomirror out scale 0.6 textcolor rgb '#222222'
            set grid ytics linetype 1 linewidth 0.5 linecolor rgb '#d8d8d8'

            """
    }

    static let ending = """

        unset output
        }

        """

    /// Tics at round places, for `set xtics ( … )`.
    static func tics(_ low: Double, _ high: Double) -> String { tics(at: tickPlaces(low, high)) }

    /// Tics for a logarithmic axis: every power of ten, with steps between where there are fewer than three.
    static func logarithmicTics(_ low: Double, _ high: Double) -> String {
        guard low > 0, high > low, high.isFinite else { return tics(low, high) }
        let exponents = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
        for steps in [[1.0], [1, 3], [1, 2, 5]] {
            let places = exponents.flatMap { exponent in steps.map { $0 * pow(10, Double(exponent)) } }
                .filter { $0 >= low && $0 <= high }
            if places.count >= 3 {
                return tics(
                    at: places.count <= 6 ? places : places.enumerated().filter { $0.offset % 2 == 0 }.map(\.element))
            }
        }
        return tics(low, high)
    }

    private static func tics(at places: [Double]) -> String {
        places.map { place in
            // Long numbers would run into each other.
            let exponent = place == 0 ? 0 : Int((log10(abs(place)) + 1e-9).rounded(.down))
            guard exponent >= 4 || exponent < -3 else {
                return "\(quoted(NumberText.significant(place, 3))) \(number(place))"
            }
            let mantissa = NumberText.significant(place / pow(10, Double(exponent)), 3)
            let power = NumberText.powerOfTen(exponent)
            return "\(quoted(mantissa == "1" ? power : mantissa + "×" + power)) \(number(place))"
        }.joined(separator: ", ")
    }

    /// Two to five round places between two bounds.
    static func tickPlaces(_ low: Double, _ high: Double) -> [Double] {
        let span = high - low
        guard span > 0, span.isFinite else { return [low] }
        let power = pow(10, (log10(span / 4)).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * power }.first { span / $0 <= 4.5 } ?? 10 * power
        var places: [Double] = []
        var index = (low / step).rounded(.up)
        while index * step <= high + 1e-9 * span, places.count < 8 {
            places.append(index == 0 ? 0 : index * step)
            index += 1
        }
        return places
    }
}
