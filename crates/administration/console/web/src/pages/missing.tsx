import { Page } from '../ui/page';

export function MissingPage() {
  return (
    <Page title="There is no such page" lead="The address leads nowhere in this console.">
      <p class="buttons">
        <a class="button" href="/">
          Go to the overview
        </a>
      </p>
    </Page>
  );
}
