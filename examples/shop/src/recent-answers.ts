/** The last answers to so many questions, however old they are: for when there is nothing better. */
export class RecentAnswers<Answer> {
  readonly #answers = new Map<string, Answer>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  find(question: string): Answer | undefined {
    return this.#answers.get(question);
  }

  keep(question: string, answer: Answer): Answer {
    this.#answers.delete(question);
    this.#answers.set(question, answer);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#most && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }
}
